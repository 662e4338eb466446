import Foundation

/// What novelty scores mean: the fraction of known samples, each judged as if it had not been learned, that score lower.
package struct NoveltyScale: Sendable, Equatable {
    /// From here on an image is called unknown: at most one known image in twenty is, on average.
    package static let unknownFrom: Float = 0.95

    /// Of known samples, ascending.
    package let scores: [Float]

    package init(_ scores: [Float]) { self.scores = scores.filter(\.isFinite).sorted() }

    /// The novelty, in `0..<1`, of an image with this score.
    ///
    /// At most one less the p-value of the conjecture that the image is one more of the known samples: if it is, every rank
    /// among them is as likely, so whatever their distribution novelty exceeds 1 − α with probability α at most (conformal
    /// prediction: Vovk, Gammerman, Shafer 2005). With fewer than 20 samples nothing is ever called unknown. Between
    /// samples, and beyond the last, it goes on growing, so that images can be sorted by it.
    package func novelty(ofScore score: Float) -> Float {
        guard let first = scores.first, let last = scores.last, score.isFinite, score >= first else { return 0 }
        let ranks = Float(scores.count + 1)
        if score >= last {
            let spread = max(last - scores[scores.count / 2], .leastNormalMagnitude)
            let beyond = 1 - exp(-(score - last) / spread)
            return (Float(scores.count - 1) + beyond) / ranks
        }
        // The first that is larger; the one before it is not.
        var (low, high) = (0, scores.count - 1)
        while low < high {
            let middle = (low + high) / 2
            if scores[middle] > score { high = middle } else { low = middle + 1 }
        }
        let (below, above) = (scores[low - 1], scores[low])
        return (Float(low - 1) + (score - below) / (above - below)) / ranks
    }
}
