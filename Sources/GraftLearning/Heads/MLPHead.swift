/// One score per label from a hidden layer with ReLU over features, turned into probabilities by softmax.
package struct MLPHead: Sendable, Equatable {
    /// Ids of the labels it knows, ascending. `[L]`
    package let labels: [Int64]
    /// D.
    package let featureCount: Int
    /// What the hidden layer is over.
    package let space: FeatureSpace
    /// Row-major. `[H, D]`
    package let hiddenWeights: [Float]
    /// `[H]`
    package let hiddenBias: [Float]
    /// Row-major. `[L, H]`
    package let weights: [Float]
    /// `[L]`
    package let bias: [Float]
    /// What logits are divided by before softmax.
    package let temperature: Float

    /// - Precondition: the counts agree, labels ascend, and the temperature is positive.
    package init(
        labels: [Int64], featureCount: Int, space: FeatureSpace = .plain, hiddenWeights: [Float], hiddenBias: [Float],
        weights: [Float], bias: [Float], temperature: Float
    ) {
        precondition(hiddenWeights.count == hiddenBias.count * featureCount)
        precondition(weights.count == labels.count * hiddenBias.count && bias.count == labels.count)
        precondition(zip(labels, labels.dropFirst()).allSatisfy { $0 < $1 }, "labels do not ascend")
        precondition(temperature > 0)
        self.labels = labels
        self.featureCount = featureCount
        self.space = space
        self.hiddenWeights = hiddenWeights
        self.hiddenBias = hiddenBias
        self.weights = weights
        self.bias = bias
        self.temperature = temperature
    }

    /// H.
    package var hiddenCount: Int { hiddenBias.count }

    /// The probability of each of `labels`. `[L]`
    package func probabilities(of features: some HeadInput) -> [Float] {
        var probabilities = logits(of: features)
        softmax(&probabilities, temperature: temperature)
        return probabilities
    }

    /// The score of each of `labels`, before the temperature; the same bits on every CPU. `[L]`
    package func logits(of features: some HeadInput) -> [Float] {
        let values = features.values(in: space)
        precondition(values.count == featureCount)
        let hidden = denseLayer(values, weights: hiddenWeights, bias: hiddenBias).map { max($0, 0) }
        return denseLayer(hidden, weights: weights, bias: bias)
    }

    /// The same head without the labels that are not in `kept`; the others share what those had, as before.
    package func keeping(_ kept: Set<Int64>) -> MLPHead {
        let rows = labels.indices.filter { kept.contains(labels[$0]) }
        return MLPHead(
            labels: rows.map { labels[$0] }, featureCount: featureCount, space: space, hiddenWeights: hiddenWeights,
            hiddenBias: hiddenBias, weights: rows.flatMap { weights[$0 * hiddenCount..<($0 + 1) * hiddenCount] },
            bias: rows.map { bias[$0] }, temperature: temperature)
    }
}
