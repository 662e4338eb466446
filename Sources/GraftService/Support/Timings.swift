import Synchronization

/// The durations of one kind of work: the last ones for their median, all since the start as a histogram.
package final class Timings: Sendable {
    private struct State {
        var milliseconds: [Double] = []
        var next = 0
        var histogram = Histogram()
    }

    private let state = Mutex(State())
    private let capacity: Int

    package init(capacity: Int = 128) {
        self.capacity = capacity
    }

    /// Runs `body` and notes how long it took.
    package func measure<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
        let start = ContinuousClock.now
        defer { record(ContinuousClock.now - start) }
        return try body()
    }

    package func record(_ duration: Duration) {
        let milliseconds = duration.milliseconds
        state.withLock { state in
            if state.milliseconds.count < capacity {
                state.milliseconds.append(milliseconds)
            } else {
                state.milliseconds[state.next] = milliseconds
            }
            state.next = (state.next + 1) % capacity
            state.histogram.add(milliseconds / 1e3)
        }
    }

    package var histogram: Histogram { state.withLock { $0.histogram } }

    /// The median in milliseconds; nil before the first.
    package var median: Double? {
        let sorted = state.withLock { $0.milliseconds }.sorted()
        return sorted.isEmpty ? nil : sorted[sorted.count / 2]
    }
}

extension Duration {
    package var milliseconds: Double { seconds * 1e3 }

    package var seconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) * 1e-18
    }
}
