/// Times of requests in milliseconds, and what they say together.
struct Latencies: Encodable {
    let count: Int
    let mean: Double
    let p50: Double
    let p90: Double
    let p99: Double
    let longest: Double

    /// Zeros for no times at all.
    init(_ milliseconds: [Double]) {
        let sorted = milliseconds.sorted()
        func percentile(_ part: Double) -> Double {
            sorted.isEmpty ? 0 : rounded(sorted[min(sorted.count - 1, Int(part * Double(sorted.count)))])
        }
        count = sorted.count
        mean = sorted.isEmpty ? 0 : rounded(sorted.reduce(0, +) / Double(sorted.count))
        (p50, p90, p99, longest) = (percentile(0.5), percentile(0.9), percentile(0.99), percentile(1))
    }

    var words: String { "p50 \(p50) ms, p90 \(p90) ms, p99 \(p99) ms, longest \(longest) ms" }
}

extension [Double] {
    /// The middle one, of an even count the upper.
    ///
    /// - Precondition: it is not empty.
    var median: Double { sorted()[count / 2] }
}
