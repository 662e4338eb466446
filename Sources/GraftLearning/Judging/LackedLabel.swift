/// What the analytic head says beside a version that lacks some of the labels.
///
/// Such a version divides what falls to its own labels; the others keep what the analytic head gives them. See
/// ``CombinedAnswer``.
package struct LackedLabel: Codable, Sendable, Equatable {
    /// The most probable of the labels that the version lacks; nil if it lacks none.
    package var label: Int64?
    /// Its probability.
    package var probability: Float
    /// What falls to the labels of the version.
    package var known: Float

    package init(label: Int64?, probability: Float, known: Float) {
        (self.label, self.probability, self.known) = (label, probability, known)
    }

    /// - Parameters:
    ///   - labels: Those of the analytic head.
    ///   - probabilities: What it gives each.
    ///   - known: The version's labels.
    init(labels: [Int64], probabilities: [Float], known: Set<Int64>) {
        self.init(label: nil, probability: 0, known: 0)
        for (label, probability) in zip(labels, probabilities) {
            if known.contains(label) {
                self.known += probability
            } else if self.label == nil || probability > self.probability {
                (self.label, self.probability) = (label, probability)
            }
        }
    }

    /// The answer of both, where the version's own is `label` with `probability`.
    package func answer(beside label: Int64, probability: Float) -> Int64 {
        guard let other = self.label, self.probability > known * probability else { return label }
        return other
    }
}
