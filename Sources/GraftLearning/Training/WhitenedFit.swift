import GraftTensor

/// A softmax fit in whitened coordinates (``WithinCovariance``), pulled towards the analytic solution.
///
/// There the analytic head's weights are the labels' means, all directions are worth the same, which is what makes one
/// strength of the penalty sensible, and the search needs few steps. A strong pull gives the analytic head itself.
struct WhitenedFit: Sendable {
    private let space: FeatureSpace
    private let featureCount: Int
    private let fit: SoftmaxFit
    /// The analytic solution, where the search starts.
    private let start: SoftmaxFit.Solution
    /// Ids of the labels that are fitted, ascending. `[L]`
    let labels: [Int64]

    /// The most bytes that the search's memory of past steps may take.
    private static let historyBytes = 48 << 20

    /// - Parameters:
    ///   - rows: The samples of `set` to learn, each of a label in `labels`.
    ///   - labels: Ascending; each is in `statistics`.
    ///   - statistics: Those of `covariance`, which may cover samples of more labels.
    ///   - space: That of `covariance`, and of the heads.
    ///   - threads: How many share the work; the result is the same.
    init(
        _ set: TrainingSet, rows: [Int], labels: [Int64], statistics: LabelStatistics, covariance: WithinCovariance,
        space: FeatureSpace, balance: SoftmaxFit.Balance, temperature: Double, threads: Int
    ) {
        self.space = space
        self.labels = labels
        let order = set.features.featureCount
        featureCount = order

        let position = Dictionary(uniqueKeysWithValues: zip(statistics.labelIDs, 0...))
        start = covariance.whitenedDiscriminants(labels.map { position[$0]! }, temperature: temperature)

        let target = Dictionary(uniqueKeysWithValues: zip(labels, labels.indices))
        var fit = SoftmaxFit(
            set.features, rows: rows, in: space, targets: rows.map { target[set.labels[$0]]! },
            labelCount: labels.count, balance: balance, prior: start.weights,
            metric: .init(covariance: covariance, isPenalized: true))
        fit.threads = threads
        self.fit = fit
    }

    /// The heads at each of `strengths`, in their order, each search starting where the last ended.
    func heads<Failure: Error>(strengths: [Double], check: () throws(Failure) -> Void) throws(Failure) -> [LinearHead] {
        // What later steps would still change does not show in held-out samples.
        var search = LBFGS()
        search.lossTolerance = 1e-4
        search.memory = min(search.memory, max(3, Self.historyBytes / (start.weights.count * 8)))
        var solution = start
        var heads: [LinearHead] = []
        for strength in strengths {
            solution = try fit.solve(strength: strength, from: solution, search: search, check: check).solution
            let plain = fit.weights(solution)
            heads.append(
                LinearHead(
                    labels: labels, featureCount: featureCount, space: space, weights: plain.weights, bias: plain.bias,
                    temperature: 1))
        }
        return heads
    }
}

extension WithinCovariance {
    /// The linear discriminant of the labels at `positions` over whitened features, its logits divided by `temperature`:
    /// there the weights are the labels' means.
    func whitenedDiscriminants(_ positions: [Int], temperature: Double) -> SoftmaxFit.Solution {
        var means: [Float] = []
        means.reserveCapacity(positions.count * featureCount)
        for l in positions {
            means.append(contentsOf: centredMeans[l * featureCount..<(l + 1) * featureCount].lazy.map(Float.init))
        }
        whiten(&means, count: positions.count)
        let bias = positions.indices.map { l in
            let mean = means[l * featureCount..<(l + 1) * featureCount]
            return Float(mean.reduce(0) { $0 - Double($1) * Double($1) / 2 } / temperature)
        }
        BLAS.scale(&means, by: 1 / Float(temperature))
        return SoftmaxFit.Solution(weights: means, bias: bias)
    }
}
