/// Why a training made no head.
package enum HeadTrainingError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Fewer than two labels have samples enough.
    case tooFewLabels(found: Int, samplesPerLabel: Int)
    /// All samples are in one fold, so none can be held out.
    case nothingToHoldOut(samples: Int)
    case tooManySamples(count: Int, limit: Int)
    /// It was told to stop.
    case cancelled

    package var description: String {
        switch self {
        case .tooFewLabels(let found, let samplesPerLabel):
            "\(found) labels have \(samplesPerLabel) samples or more, and training takes 2; teach more samples"
        case .nothingToHoldOut(let samples):
            "all \(samples) samples belong to one group or fold, so none can be held out; teach samples of other groups"
        case .tooManySamples(let count, let limit):
            "\(count) samples are more than the \(limit) that can be learned from; forget some samples"
        case .cancelled:
            "the training was cancelled"
        }
    }
}
