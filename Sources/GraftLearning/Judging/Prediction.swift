/// What a head that had not learned a sample said of it.
package struct Prediction: Codable, Sendable, Equatable {
    /// The most probable label; the lowest id among equals.
    package var label: Int64
    /// Its probability.
    package var probability: Float
    /// The probability that the sample's own label was given; 0 where the head did not know that label.
    package var truthProbability: Float

    package init(label: Int64, probability: Float, truthProbability: Float) {
        self.label = label
        self.probability = probability
        self.truthProbability = truthProbability
    }

    /// What `probabilities` of `labels`, ascending, say of a sample of label `truth`.
    ///
    /// - Precondition: there is a label.
    init(labels: [Int64], probabilities: [Float], truth: Int64) {
        var best = 0
        for i in labels.indices where probabilities[i] > probabilities[best] { best = i }
        self.init(
            label: labels[best], probability: probabilities[best],
            truthProbability: labels.firstIndex(of: truth).map { probabilities[$0] } ?? 0)
    }
}
