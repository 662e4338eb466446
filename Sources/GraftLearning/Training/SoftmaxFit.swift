import GraftTensor

/// Multinomial logistic regression: the weights with the least
/// `Σ aᵢ · −log p(yᵢ | xᵢ) + strength / 2 · Σ (w − prior)²`, with `Σ aᵢ = 1` and the bias free.
///
/// The penalty pulls towards a given prior instead of 0, so that what the samples do not say stays as the prior has it.
/// The search runs in the coordinates of a ``Metric``, where the loss bends about as much in all directions, which takes
/// several times fewer steps. The samples stay as they are kept, and are read a block at a time, unless there are so few
/// that it is less work to take them there once than the weights at every step.
package struct SoftmaxFit: Sendable {
    /// How much each sample counts.
    package enum Balance: Sendable {
        /// The same each.
        case samples
        /// So much that every label counts the same.
        case labels
    }

    /// Weights `[L, D]` and bias `[L]`, in the coordinates of the search.
    package struct Solution: Sendable, Equatable {
        package var weights: [Float]
        package var bias: [Float]

        package init(weights: [Float], bias: [Float]) {
            self.weights = weights
            self.bias = bias
        }
    }

    /// Where the search runs: over features x it sees `(x − mean) · U⁻¹` (``WithinCovariance``).
    struct Metric: Sendable {
        var covariance: WithinCovariance
        /// Whether the penalty is on weights over what the search sees, or on those over features as they are.
        var isPenalized: Bool
    }

    /// Threads that share each pass over the samples; the result is the same.
    package var threads = 1

    private let features: FeatureRows
    /// Those of `features` that are learned. `[N]`
    private let rows: [Int]
    private let space: FeatureSpace
    /// The label of each, in `0..<labelCount`. `[N]`
    private let targets: [Int]
    /// How much each counts, by label. `[L]`
    private let labelWeights: [Float]
    /// Row-major. `[L, D]`
    private let prior: [Float]
    private let metric: Metric?
    /// The samples as the search sees them; nil where they are read as they are kept. `[N, D]`
    private let seen: [Float]?
    private let labelCount: Int
    private var featureCount: Int { features.featureCount }

    /// - Parameters:
    ///   - targets: The label of each of `rows`, in `0..<labelCount`.
    ///   - prior: What weights are pulled towards, in the coordinates of the penalty; nil is 0.
    ///   - metric: nil to search among weights over features as they are.
    ///   - takesSamples: Whether the samples are taken to the coordinates of the search, for a penalty there, instead of
    ///     weights at every step; nil where that is less work.
    /// - Precondition: there is a sample, and the shapes agree.
    init(
        _ features: FeatureRows, rows: [Int], in space: FeatureSpace, targets: [Int], labelCount: Int,
        balance: Balance, prior: [Float]? = nil, metric: Metric? = nil, takesSamples: Bool? = nil
    ) {
        precondition(!targets.isEmpty && rows.count == targets.count)
        precondition(targets.allSatisfy { (0..<labelCount).contains($0) })
        self.features = features
        self.rows = rows
        self.space = space
        self.targets = targets
        self.labelCount = labelCount
        self.metric = metric
        self.prior = prior ?? [Float](repeating: 0, count: labelCount * features.featureCount)
        precondition(self.prior.count == labelCount * features.featureCount)
        seen = metric.flatMap { metric in
            let isLess = rows.count <= Self.seenPerLabel * labelCount
            let bytes = rows.count * features.featureCount * MemoryLayout<Float>.stride
            guard metric.isPenalized, takesSamples ?? (isLess && bytes <= Self.seenBytes) else { return nil }
            var seen = features.floats(of: rows, in: space)
            metric.covariance.whitenCentring(&seen, count: rows.count)
            return seen
        }
        switch balance {
        case .samples:
            labelWeights = [Float](repeating: 1 / Float(targets.count), count: labelCount)
        case .labels:
            var counts = [Int](repeating: 0, count: labelCount)
            for target in targets { counts[target] += 1 }
            let present = counts.count { $0 > 0 }
            labelWeights = counts.map { 1 / Float(max($0, 1) * present) }
        }
    }

    /// Over all of `features`.
    ///
    /// - Parameters:
    ///   - shrinkage: How much the samples' covariance is shrunk for the search's coordinates; nil to search among weights
    ///     over features as they are.
    ///   - isPenaltySeen: Whether the penalty is on weights in the search's coordinates. Unless it is, it is on those over
    ///     features, as other libraries have it, and the coordinates decide how long the search takes, not where it ends.
    ///   - takesSamples: Whether such a search has the samples taken to its coordinates; nil where that is less work.
    package init(
        _ features: FeatureRows, targets: [Int], labelCount: Int, balance: Balance, prior: [Float]? = nil,
        shrinkage: Double? = nil, isPenaltySeen: Bool = false, takesSamples: Bool? = nil
    ) {
        let metric = shrinkage.map { shrinkage in
            // Some samples show the directions well enough, and all would take as long as half of the search.
            let count = min(features.count, Self.metricRows)
            let rows = (0..<count).map { $0 * features.count / count }
            let set = TrainingSet(
                features: features, labels: targets.map(Int64.init), folds: [Int](repeating: 0, count: targets.count))
            return Metric(
                covariance: WithinCovariance(set, rows: rows, in: .roots, shrinkage: shrinkage),
                isPenalized: isPenaltySeen)
        }
        self.init(
            features, rows: Array(0..<features.count), in: .roots, targets: targets, labelCount: labelCount,
            balance: balance, prior: prior, metric: metric, takesSamples: takesSamples)
    }

    /// Samples for each label up to which it is less work to take them to the coordinates of the search: twice as many as
    /// passes of a search, each of which takes weights back from there and their gradient there.
    private static let seenPerLabel = 80
    private static let seenBytes = 32 << 20

    /// From how many samples the coordinates of the search are made.
    private static let metricRows = 2_048

    // MARK: - Searching

    /// What was found, and how.
    package struct Optimum: Sendable {
        package var solution: Solution
        package var loss: Double
        package var iterations: Int
    }

    /// The optimum at `strength`, searched from `start`; nil is 0.
    ///
    /// - Parameter check: Called before each pass over the samples; what it throws ends the search.
    package func solve<Failure: Error>(
        strength: Double, from start: Solution? = nil, search: LBFGS = LBFGS(), check: () throws(Failure) -> Void
    ) throws(Failure) -> Optimum {
        let parts = makeParts()
        let count = labelCount * featureCount
        let first =
            start.map { $0.weights + $0.bias } ?? [Float](repeating: 0, count: count + labelCount)
        precondition(first.count == count + labelCount)
        let minimum = try search.minimize(from: first) { parameters throws(Failure) in
            try check()
            return loss(parameters, strength: strength, parts)
        }
        return Optimum(
            solution: Solution(
                weights: Array(minimum.parameters[..<count]), bias: Array(minimum.parameters[count...])),
            loss: minimum.loss, iterations: minimum.iterations)
    }

    /// `solution` as weights `[L, D]` and biases `[L]` over features as they are.
    package func weights(_ solution: Solution) -> Solution {
        guard let metric else { return solution }
        var weights = solution.weights
        metric.covariance.unwhitenWeights(&weights, count: labelCount)
        return Solution(weights: weights, bias: uncentred(solution.bias[...], weights, metric.covariance.mean))
    }

    /// The loss and its gradient at weights `[L, D]` followed by biases `[L]`, in the coordinates of the search.
    package func loss(_ parameters: [Float], strength: Double) -> (value: Double, gradient: [Float]) {
        loss(parameters, strength: strength, makeParts())
    }

    private func loss(_ parameters: [Float], strength: Double, _ parts: [Part]) -> (value: Double, gradient: [Float]) {
        let count = labelCount * featureCount
        let searched = Array(parameters[..<count])
        var weights = searched
        var bias = Array(parameters[count...])
        let metric = seen == nil ? metric : nil
        if let metric {
            metric.covariance.unwhitenWeights(&weights, count: labelCount)
            bias = uncentred(bias[...], weights, metric.covariance.mean)
        }
        _ = parallelMap(parts.count, threads: threads) { [weights, bias] in pass(parts[$0], weights, bias) }
        var value = 0.0
        var gradient = [Float](repeating: 0, count: count)
        var biasGradient = [Double](repeating: 0, count: labelCount)
        for part in parts {
            value += part.value
            BLAS.add(part.gradient, scale: 1, to: &gradient)
            BLAS.add(part.biasGradient, scale: 1, to: &biasGradient)
        }
        let isPlain = self.metric?.isPenalized != true
        if isPlain { value += penalize(weights, strength, &gradient) }
        if let metric {
            centre(&gradient, biasGradient, metric.covariance.mean)
            metric.covariance.whiten(&gradient, count: labelCount)
        }
        if !isPlain { value += penalize(searched, strength, &gradient) }
        gradient.append(contentsOf: biasGradient.lazy.map(Float.init))
        return (value, gradient)
    }

    /// Adds the gradient of the penalty on `weights`, which it returns.
    private func penalize(_ weights: [Float], _ strength: Double, _ gradient: inout [Float]) -> Double {
        var distance = weights
        BLAS.add(prior, scale: -1, to: &distance)
        BLAS.add(distance, scale: Float(strength), to: &gradient)
        return strength / 2 * BLAS.dot(distance, distance)
    }

    /// The biases over features as they are of those over features relative to `mean`.
    private func uncentred(_ bias: ArraySlice<Float>, _ weights: [Float], _ mean: [Double]) -> [Float] {
        zip(bias, product(weights, mean)).map { Float(Double($0) - $1) }
    }

    /// `gradient` was summed over features as they are: makes it that over features relative to `mean`.
    private func centre(_ gradient: inout [Float], _ biasGradient: [Double], _ mean: [Double]) {
        var target = gradient.mutableSpan
        let mean = mean.span
        for label in 0..<labelCount {
            let (base, slope) = (label * featureCount, biasGradient[label])
            for i in 0..<featureCount { target[base + i] = Float(Double(target[base + i]) - slope * mean[i]) }
        }
    }

    /// Each row of `weights` `[L, D]` times `mean` `[D]`.
    private func product(_ weights: [Float], _ mean: [Double]) -> [Double] {
        let (weights, mean) = (weights.span, mean.span)
        return (0..<labelCount).map { label in
            var sum = 0.0
            for i in 0..<featureCount { sum += Double(weights[label * featureCount + i]) * mean[i] }
            return sum
        }
    }

    // MARK: - A pass over the samples

    /// Into how many parts a pass is split: always the same, so that the sums do not depend on the number of threads.
    private static let partCount = 8
    /// So many rows at a time stay in the cache between the two products that read them.
    private static let blockRows = 128

    private func makeParts() -> [Part] {
        (0..<Self.partCount).map { part in
            let samples = rows.count * part / Self.partCount..<rows.count * (part + 1) / Self.partCount
            return Part(
                samples: samples, blockRows: min(samples.count, Self.blockRows), labelCount: labelCount,
                featureCount: featureCount, holdsFeatures: seen == nil)
        }
    }

    /// Adds up the losses of a part's samples and their gradient. The products run in 32 bits, the sum of losses in 64.
    private func pass(_ part: Part, _ weights: [Float], _ bias: [Float]) {
        part.value = 0
        for label in 0..<labelCount { part.biasGradient[label] = 0 }
        if part.samples.isEmpty { return }
        for start in stride(from: part.samples.lowerBound, to: part.samples.upperBound, by: Self.blockRows) {
            let block = start..<min(start + Self.blockRows, part.samples.upperBound)
            if seen == nil { features.copy(rows[block], in: space, to: &part.features) }
            let samples = BLAS.Operand(
                seen ?? part.features, offset: seen == nil ? 0 : start * featureCount, stride: featureCount)
            BLAS.multiply(
                samples, .init(weights, stride: featureCount, transposed: true),
                rows: block.count, columns: labelCount, depth: featureCount, into: &part.scores, stride: labelCount)
            part.value += softmaxGradient(
                &part.scores, targets: targets[block], bias: bias, labelWeights: labelWeights,
                biasGradient: &part.biasGradient)
            BLAS.multiply(
                .init(part.scores, stride: labelCount, transposed: true), samples,
                rows: labelCount, columns: featureCount, depth: block.count,
                keep: start == part.samples.lowerBound ? 0 : 1, into: &part.gradient, stride: featureCount)
        }
    }
}

/// A part of the samples, what a pass over them adds up, and the room that it needs.
///
/// Sendable: a pass gives each part to one thread, and reads it when all are done.
private final class Part: @unchecked Sendable {
    let samples: Range<Int>
    /// A block of rows, where they have to be read. `[block, D]`
    var features: [Float]
    /// Their scores, then ∂loss/∂score. `[block, L]`
    var scores: [Float]
    var value = 0.0
    /// `[L, D]`
    var gradient: [Float]
    /// `[L]`
    var biasGradient: [Double]

    init(samples: Range<Int>, blockRows: Int, labelCount: Int, featureCount: Int, holdsFeatures: Bool) {
        self.samples = samples
        features = [Float](repeating: 0, count: holdsFeatures ? blockRows * featureCount : 0)
        scores = [Float](repeating: 0, count: blockRows * labelCount)
        gradient = [Float](repeating: 0, count: labelCount * featureCount)
        biasGradient = [Double](repeating: 0, count: labelCount)
    }
}
