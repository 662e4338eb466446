import GraftTensor

/// One score per label: a row of weights and a bias each, over features, turned into probabilities by softmax.
///
/// What a version holds, and what the analytic head becomes when it is solved.
package struct LinearHead: Sendable, Equatable {
    /// Ids of the labels it knows, ascending. `[L]`
    package let labels: [Int64]
    /// D.
    package let featureCount: Int
    /// What the weights are over.
    package let space: FeatureSpace
    /// Over roots as they are, not over their integer units; row-major. `[L, D]`
    package let weights: [Float]
    /// `[L]`
    package let bias: [Float]
    /// What logits are divided by before softmax.
    package let temperature: Float

    /// - Precondition: the counts agree, labels ascend, and the temperature is positive.
    package init(
        labels: [Int64], featureCount: Int, space: FeatureSpace = .roots, weights: [Float], bias: [Float],
        temperature: Float
    ) {
        precondition(weights.count == labels.count * featureCount && bias.count == labels.count)
        precondition(zip(labels, labels.dropFirst()).allSatisfy { $0 < $1 }, "labels do not ascend")
        precondition(temperature > 0)
        self.labels = labels
        self.featureCount = featureCount
        self.space = space
        self.weights = weights
        self.bias = bias
        self.temperature = temperature
    }

    /// The probability of each of `labels`. `[L]`
    package func probabilities(of features: some HeadInput) -> [Float] {
        var probabilities = logits(of: features)
        softmax(&probabilities, temperature: temperature)
        return probabilities
    }

    /// The score of each of `labels`, before the temperature. `[L]`
    ///
    /// The sums run in an order of their own, which does not depend on what kernels a library picks for the CPU.
    package func logits(of features: some HeadInput) -> [Float] {
        let values = features.values(in: space)
        precondition(values.count == featureCount)
        return denseLayer(values, weights: weights, bias: bias)
    }

    /// The same head with another temperature.
    package func with(temperature: Float) -> LinearHead {
        LinearHead(
            labels: labels, featureCount: featureCount, space: space, weights: weights, bias: bias,
            temperature: temperature)
    }

    /// The same head without the labels that are not in `kept`; the others share what those had, as before.
    package func keeping(_ kept: Set<Int64>) -> LinearHead {
        let rows = labels.indices.filter { kept.contains(labels[$0]) }
        return LinearHead(
            labels: rows.map { labels[$0] }, featureCount: featureCount, space: space,
            weights: rows.flatMap { weights[$0 * featureCount..<($0 + 1) * featureCount] }, bias: rows.map { bias[$0] },
            temperature: temperature)
    }

    /// The scores of many samples, those of `features` numbered `rows`, by one product. `[rows, L]`
    func logits(ofRows features: FeatureRows, _ rows: [Int]) -> [Float] {
        precondition(features.featureCount == featureCount)
        var logits = [Float]()
        logits.reserveCapacity(rows.count * labels.count)
        for _ in rows { logits.append(contentsOf: bias) }
        BLAS.multiply(
            .init(features.floats(of: rows, in: space), stride: featureCount),
            .init(weights, stride: featureCount, transposed: true), rows: rows.count, columns: labels.count,
            depth: featureCount, keep: 1, into: &logits, stride: labels.count)
        return logits
    }
}
