/// Why statistics cannot take what they were given.
package enum StatisticsError: Error, Equatable, Sendable, CustomStringConvertible {
    /// More samples than 64-bit floats can sum exactly.
    case tooManySamples(count: Int, limit: Int)
    case otherFeatureCount(expected: Int, found: Int)
    /// Bytes that are no encoded statistics.
    case malformed(detail: String)

    package var description: String {
        switch self {
        case .tooManySamples(let count, let limit):
            "\(count) samples are more than the \(limit) whose sums stay exact; forget some samples"
        case .otherFeatureCount(let expected, let found):
            "the statistics are of \(found) features, expected \(expected): they come from another backbone"
        case .malformed(let detail):
            "the saved statistics are damaged: \(detail); they can be learned again from the samples"
        }
    }
}
