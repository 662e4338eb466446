/// How fast a row of equal steps goes and how long the rest will take, from the times at which steps were done.
package struct ProgressEstimate: Sendable, Equatable {
    package let total: Int
    package private(set) var done = 0

    /// The rate is that of the last steps, so that it follows a daemon that becomes slower as it learns.
    private let window: Duration
    /// Points in time, since the start, and what was done by then; the oldest one is at or before the window's begin.
    private var marks: [(time: Duration, done: Int)] = [(.zero, 0)]

    package init(total: Int, window: Duration = .seconds(10)) {
        precondition(total >= 0 && window > .zero)
        self.total = total
        self.window = window
    }

    /// Notes that `done` steps are done at `time` since the start. Times do not decrease.
    package mutating func advance(to done: Int, at time: Duration) {
        precondition(done >= self.done && done <= total && time >= marks[marks.count - 1].time)
        self.done = done
        marks.append((time, done))
        while marks.count > 2, marks[1].time <= time - window { marks.removeFirst() }
    }

    /// Of the steps, how many are done, in `0...1`.
    package var fraction: Double { total == 0 ? 1 : Double(done) / Double(total) }

    /// Steps per second; nil before there is anything to tell it from.
    package var rate: Double? {
        let first = marks[0], last = marks[marks.count - 1]
        let seconds = (last.time - first.time).seconds
        return seconds > 0 && last.done > first.done ? Double(last.done - first.done) / seconds : nil
    }

    /// How long the rest will take, at this rate.
    package var remaining: Duration? { rate.map { .seconds(Double(total - done) / $0) } }

    package static func == (left: Self, right: Self) -> Bool {
        left.total == right.total && left.done == right.done && left.window == right.window
            && left.marks.elementsEqual(right.marks, by: ==)
    }
}

extension Duration {
    /// The duration in seconds.
    package var seconds: Double {
        Double(components.seconds) + Double(components.attoseconds) * 1e-18
    }

    /// As people read clocks: `0:07`, `12:30`, `1:02:03`; the fraction of a second is cut off.
    package var clock: String {
        let all = Int(max(0, components.seconds))
        let (hours, minutes, seconds) = (all / 3600, all / 60 % 60, all % 60)
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return hours > 0 ? "\(hours):\(two(minutes)):\(two(seconds))" : "\(minutes):\(two(seconds))"
    }
}
