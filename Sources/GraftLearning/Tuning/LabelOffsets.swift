import Foundation

/// What is taken from labels' scores so that frequent ones are preferred less (Menon et al. 2020, arXiv 2007.07314): a part of
/// the logarithm of how frequent each is.
struct LabelOffsets: Equatable {
    /// From 0, nothing, to 1, as if all labels were as frequent.
    let strength: Double
    private let offsets: [Int64: Float]

    /// - Parameter labels: Of the samples that were learned.
    init(strength: Double, labels: some Sequence<Int64>) {
        self.strength = strength
        var counts: [Int64: Int] = [:]
        for label in labels { counts[label, default: 0] += 1 }
        let total = Double(counts.values.reduce(0, +))
        offsets = counts.mapValues { Float(strength * log(Double($0) / total)) }
    }

    subscript(label: Int64) -> Float { offsets[label] ?? 0 }

    /// The strength, of those that cost little, with which held-out samples are told best: by samples and by labels, which
    /// pull in opposite directions, in equal parts.
    static func best(for scores: HeldOutScores, labels: some Sequence<Int64>) -> LabelOffsets {
        let candidates = [0, 0.1, 0.2, 0.3].map { LabelOffsets(strength: $0, labels: labels) }
        let worth = candidates.map { offsets in
            let accuracies = scores.less(offsets).accuracies
            return accuracies.samples + accuracies.labels
        }
        // The first of equals, which changes least.
        return candidates[worth.indices.reduce(0) { worth[$1] > worth[$0] ? $1 : $0 }]
    }

    /// `head` with these taken from its scores.
    func taken(from head: VersionHead) -> VersionHead {
        guard case .linear(let linear) = head else { return head }
        return .linear(
            LinearHead(
                labels: linear.labels, featureCount: linear.featureCount, space: linear.space, weights: linear.weights,
                bias: zip(linear.labels, linear.bias).map { $1 - self[$0] }, temperature: linear.temperature))
    }
}
