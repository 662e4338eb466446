/// A softmax fit in whitened coordinates (``WithinCovariance``), pulled towards the analytic solution.
///
/// There the analytic head's weights are the labels' means, all directions are worth the same, which is what makes one
/// strength of the penalty sensible, and the search needs few steps. A strong pull gives the analytic head itself.
struct WhitenedFit: Sendable {
    private let covariance: WithinCovariance
    private let space: FeatureSpace
    private let fit: SoftmaxFit
    /// The analytic solution, where the search starts.
    private let start: SoftmaxFit.Solution
    /// Ids of the labels that are fitted, ascending. `[L]`
    let labels: [Int64]

    /// - Parameters:
    ///   - rows: The samples of `set` to learn, each of a label in `labels`.
    ///   - labels: Ascending; each is in `statistics`.
    ///   - statistics: Those of `covariance`, which may cover samples of more labels.
    ///   - space: That of `covariance`, and of the heads.
    init(
        _ set: TrainingSet, rows: [Int], labels: [Int64], statistics: LabelStatistics, covariance: WithinCovariance,
        space: FeatureSpace, temperature: Double
    ) {
        self.covariance = covariance
        self.space = space
        self.labels = labels
        let order = set.features.featureCount

        var features = set.features.floats(of: rows, in: space)
        let mean = covariance.mean.map(Float.init)
        for row in rows.indices {
            for i in 0..<order { features[row * order + i] -= mean[i] }
        }
        covariance.whiten(&features, count: rows.count)

        let all = statistics.labelIDs
        var means = labels.flatMap { label in
            let l = all.firstIndex(of: label)!
            return covariance.centredMeans[l * order..<(l + 1) * order].map(Float.init)
        }
        covariance.whiten(&means, count: labels.count)
        let bias = labels.indices.map { l in
            means[l * order..<(l + 1) * order].reduce(0) { $0 - Double($1) * Double($1) / 2 } / temperature
        }
        start = SoftmaxFit.Solution(weights: means.map { $0 / Float(temperature) }, bias: bias.map(Float.init))

        let position = Dictionary(uniqueKeysWithValues: zip(labels, labels.indices))
        fit = SoftmaxFit(
            features: features, targets: rows.map { position[set.labels[$0]]! }, labelCount: labels.count,
            balance: .labels, prior: start.weights)
    }

    /// The heads at each of `strengths`, in their order, each search starting where the last ended.
    func heads<Failure: Error>(strengths: [Double], check: () throws(Failure) -> Void) throws(Failure) -> [LinearHead] {
        // What later steps would still change does not show in held-out samples.
        var search = LBFGS()
        search.lossTolerance = 1e-4
        var solution = start
        var heads: [LinearHead] = []
        for strength in strengths {
            solution = try fit.solve(strength: strength, from: solution, search: search, check: check)
            heads.append(head(solution))
        }
        return heads
    }

    /// `solution`, over features as they are.
    private func head(_ solution: SoftmaxFit.Solution) -> LinearHead {
        let order = covariance.featureCount
        var weights = solution.weights
        covariance.unwhitenWeights(&weights, count: labels.count)
        let bias = labels.indices.map { l in
            Float(
                (0..<order).reduce(Double(solution.bias[l])) {
                    $0 - Double(weights[l * order + $1]) * covariance.mean[$1]
                })
        }
        return LinearHead(
            labels: labels, featureCount: order, space: space, weights: weights, bias: bias, temperature: 1)
    }
}
