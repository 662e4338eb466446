/// How many durations were how long, since the start.
package struct Histogram: Sendable {
    /// Upper bounds of the buckets, in seconds.
    package let bounds: [Double]
    /// By bucket, the last one for what exceeds every bound.
    private var counts: [Int]
    /// Of all durations, in seconds.
    package private(set) var sum = 0.0

    /// For requests and what they consist of: 0.5 ms to 10 s.
    package static let requestBounds = [
        0.0005, 0.001, 0.0025, 0.005, 0.0075, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
    ]
    /// For training jobs: 1 s to 6 h.
    package static let jobBounds: [Double] = [1, 5, 15, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200, 21_600]

    /// - Precondition: `bounds` ascend.
    package init(bounds: [Double] = Self.requestBounds) {
        self.bounds = bounds
        counts = [Int](repeating: 0, count: bounds.count + 1)
    }

    package mutating func add(_ seconds: Double) {
        counts[bounds.firstIndex { seconds <= $0 } ?? bounds.count] += 1
        sum += seconds
    }

    package var count: Int { counts.reduce(0, +) }

    /// By bound, how many durations were no longer.
    package var cumulative: [Int] {
        var sum = 0
        return counts.dropLast().map { count in
            sum += count
            return sum
        }
    }
}
