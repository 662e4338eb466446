import GraftTensor

/// The covariance of features around their labels' means, shrunk towards a scaled identity, as its Cholesky factor.
///
/// `A = (1 − shrinkage) · S + shrinkage · variance · I = Uᵀ · U`, with S `[D, D]` the within-label covariance of the roots,
/// or of plain features, and `variance` the mean of its diagonal. In the coordinates `x · U⁻¹`, *whitened*, the spread around
/// each mean is that of a unit ball, and the linear discriminant is the nearest mean.
struct WithinCovariance: Sendable {
    /// D.
    let featureCount: Int
    /// What was used: larger than what was asked for where 32 bits could not factorise that.
    let shrinkage: Double
    /// U, in the upper triangle. `[D, D]`
    private let factor: [Float]
    /// The mean of all samples. `[D]`
    let mean: [Double]
    /// For each label, ascending by id, its mean less ``mean``. `[L, D]`
    let centredMeans: [Double]
    /// The mean of the diagonal of S, raised to a floor where the samples do not show it.
    private let variance: Double

    /// One unit of ``RootFeatures`` as a root.
    private static let unit = 1 / Double(RootFeatures.scale)

    /// - Precondition: there is a sample, and `shrinkage` is above 0 and at most 1.
    init(_ statistics: LabelStatistics, shrinkage: Double) {
        precondition(statistics.count > 0 && shrinkage > 0 && shrinkage <= 1)
        let order = statistics.featureCount
        featureCount = order
        let labels = statistics.labelIDs.map { statistics.labels[$0]! }
        let count = Double(statistics.count)

        var sums = [Double](repeating: 0, count: order)
        for label in labels { for i in sums.indices { sums[i] += label.sums[i] } }
        let mean = sums.map { $0 / count * Self.unit }
        self.mean = mean
        centredMeans = labels.flatMap { label in
            (0..<order).map { label.sums[$0] / Double(label.count) * Self.unit - mean[$0] }
        }

        let (variance, centredMeans) = (
            Self.variance(statistics, sums: sums, labels: labels), self.centredMeans
        )
        self.variance = variance
        (factor, self.shrinkage) = Self.factorized(order: order, shrinkage: shrinkage) { shrinkage in
            Self.upperTriangle(
                statistics, sums: sums, centredMeans: centredMeans, labels: labels, shrinkage: shrinkage,
                variance: variance)
        }
    }

    /// U of the matrix whose upper triangle `upper` gives for a shrinkage, and the shrinkage that was used: a pivot lost to
    /// rounding is the only way to fail, and a full shrinkage, a diagonal, cannot.
    private static func factorized(
        order: Int, shrinkage: Double, upper: (Double) -> [Float]
    ) -> (factor: [Float], shrinkage: Double) {
        var used = shrinkage
        while true {
            var factor = upper(used)
            if BLAS.factorize(&factor, order: order) { return (factor, used) }
            precondition(used < 1, "a positive diagonal has a Cholesky factor")
            used = used > 0.9 ? 1 : min(2 * used, 0.95)
        }
    }

    /// The same of the samples of `set` numbered `rows`, in `space`, from the samples themselves: what has no exact
    /// statistics is summed in 32 bits, which is enough to fit a head in, but serves no ``discriminants(_:)``.
    ///
    /// - Precondition: there is a sample, and `shrinkage` is above 0 and at most 1.
    init(_ set: TrainingSet, rows: [Int], in space: FeatureSpace, shrinkage: Double) {
        precondition(!rows.isEmpty && shrinkage > 0 && shrinkage <= 1)
        let order = set.features.featureCount
        let labels = Set(rows.map { set.labels[$0] }).sorted()
        let position = Dictionary(uniqueKeysWithValues: zip(labels, labels.indices))
        var counts = [Int](repeating: 0, count: labels.count)
        var sums = [Double](repeating: 0, count: labels.count * order)
        for row in rows {
            let label = position[set.labels[row]]!
            counts[label] += 1
            for (i, kept) in set.features[row].enumerated() {
                sums[label * order + i] += Double(RootFeatures.value(kept, in: space))
            }
        }
        let mean = (0..<order).map { i in
            labels.indices.reduce(0) { $0 + sums[$1 * order + i] } / Double(rows.count)
        }
        let means = labels.indices.flatMap { l in (0..<order).map { sums[l * order + $0] / Double(counts[l]) } }

        // S, a part of the rows at a time, so that they need not all be floats at once.
        var within = [Float](repeating: 0, count: order * order)
        for part in rows.chunked(by: 4096) {
            var centred = set.features.floats(of: part, in: space)
            for (r, row) in part.enumerated() {
                let label = position[set.labels[row]]!
                for i in 0..<order { centred[r * order + i] -= Float(means[label * order + i]) }
            }
            BLAS.addGram(
                of: centred, rows: part.count, columns: order, scale: 1 / Float(rows.count), to: &within)
        }
        let diagonal = (0..<order).reduce(0) { $0 + Double(within[$1 * order + $1]) } / Double(order)
        var between = 0.0
        for l in labels.indices {
            for i in 0..<order {
                let distance = means[l * order + i] - mean[i]
                between += Double(counts[l]) * distance * distance
            }
        }
        let total = diagonal + between / Double(rows.count * order)
        // As for roots; see `variance(_:sums:labels:)`.
        let variance = max(diagonal, total / 4, Self.unit * Self.unit)

        featureCount = order
        self.mean = mean
        centredMeans = means.indices.map { means[$0] - mean[$0 % order] }
        self.variance = variance
        (factor, self.shrinkage) = Self.factorized(order: order, shrinkage: shrinkage) { shrinkage in
            var upper = within
            for i in upper.indices { upper[i] *= Float(1 - shrinkage) }
            for i in 0..<order { upper[i * order + i] += Float(shrinkage * variance) }
            return upper
        }
    }

    /// The mean of the diagonal of S. With one sample per label S is 0, and with few it is guessed too small: at least a
    /// quarter of the variance around the mean of all samples is taken, and the square of a unit, what rounding to
    /// integers adds, at the very least.
    private static func variance(
        _ statistics: LabelStatistics, sums: [Double], labels: [LabelStatistics.Label]
    ) -> Double {
        let squares = statistics.moment.diagonal.reduce(0, +)
        let between = labels.reduce(0) { $0 + BLAS.dot($1.sums, $1.sums) / Double($1.count) }
        let samples = Double(statistics.count)
        let perElement = unit * unit / (samples * Double(statistics.featureCount))
        let within = (squares - between) * perElement
        let total = (squares - BLAS.dot(sums, sums) / samples) * perElement
        return max(within, total / 4, unit * unit)
    }

    /// The upper triangle of A `[D, D]`, in 32 bits.
    ///
    /// The large term, the square of the mean, is taken off in 64 bits; what is left loses nothing that matters.
    private static func upperTriangle(
        _ statistics: LabelStatistics, sums: [Double], centredMeans: [Double], labels: [LabelStatistics.Label],
        shrinkage: Double, variance: Double
    ) -> [Float] {
        let order = statistics.featureCount
        let moment = statistics.moment
        let samples = Double(statistics.count)
        let keep = (1 - shrinkage) / samples
        let unitSquared = keep * unit * unit
        let kernels = InstructionSet.inUse.kernels
        // What is below the diagonal is never read, so filling 6 MB with zeros first would be for nothing.
        var upper = [Float](unsafeUninitializedCapacity: order * order) { _, count in count = order * order }
        for panel in moment.panels.indices {
            let rows = moment.rows(ofPanel: panel)
            let width = order - rows.lowerBound
            let source = moment.panels[panel]
            for row in rows {
                let diagonal = (row - rows.lowerBound) * (width + 1)
                kernels.centre(
                    source.span.extracting(diagonal..<diagonal + order - row), sums: sums.span.extracting(row..<order),
                    mean: sums[row] / samples, scale: unitSquared, into: &upper, at: row * (order + 1))
            }
        }
        // What the labels' means add to the spread around the mean of all is not within a label.
        var weighted = [Float](repeating: 0, count: centredMeans.count)
        for (l, label) in labels.enumerated() {
            let weight = Double(label.count).squareRoot()
            for i in l * order..<(l + 1) * order { weighted[i] = Float(centredMeans[i] * weight) }
        }
        BLAS.addGram(of: weighted, rows: labels.count, columns: order, scale: Float(-keep), to: &upper)
        let diagonal = Float(shrinkage * variance)
        for i in 0..<order { upper[i * order + i] += diagonal }
        return upper
    }

    // MARK: - Solving

    /// Replaces rows x `[count, D]`, relative to ``mean``, by `x · U⁻¹`.
    func whiten(_ rows: inout [Float], count: Int) {
        BLAS.solve(&rows, count: count, upper: factor, order: featureCount, transposed: false)
    }

    /// Replaces features x `[count, D]` by `(x − mean) · U⁻¹`.
    func whitenCentring(_ features: inout [Float], count: Int) {
        var target = features.mutableSpan
        let mean = mean.map(Float.init)
        let source = mean.span
        for row in 0..<count {
            for i in 0..<featureCount { target[row * featureCount + i] -= source[i] }
        }
        whiten(&features, count: count)
    }

    /// Replaces weights over whitened features `[count, D]` by those over features relative to ``mean``, `w · U⁻ᵀ`.
    func unwhitenWeights(_ weights: inout [Float], count: Int) {
        BLAS.solve(&weights, count: count, upper: factor, order: featureCount, transposed: true)
    }

    /// From here on a solution in 32 bits stands as it is: A's smallest eigenvalue is at least this part of the mean
    /// variance, and its largest at most D times that, so rounding, 2⁻²⁴, moves a weight by less than a thousandth at
    /// D = 1280, and a refinement would be a third of the whole solve.
    private static let refinedBelow = 0.1

    /// `centredMeans · A⁻¹` `[L, D]`: solved in 32 bits, and where A is shrunk little once more for what the first solution
    /// leaves over when it is tried in 64 bits on the statistics themselves.
    func discriminants(_ statistics: LabelStatistics) -> [Double] {
        let labels = statistics.labelIDs.map { statistics.labels[$0]! }
        var first = centredMeans.map(Float.init)
        solve(&first, count: labels.count)
        var solution = first.map(Double.init)
        guard shrinkage < Self.refinedBelow else { return solution }
        let tried = product(withRows: solution, statistics, labels)
        var correction = zip(centredMeans, tried).map { Float($0 - $1) }
        solve(&correction, count: labels.count)
        for i in solution.indices { solution[i] += Double(correction[i]) }
        return solution
    }

    private func solve(_ rows: inout [Float], count: Int) {
        whiten(&rows, count: count)
        unwhitenWeights(&rows, count: count)
    }

    /// `a · A` `[L, D]` in 64 bits, with `a` `[L, D]`.
    private func product(
        withRows a: [Double], _ statistics: LabelStatistics, _ labels: [LabelStatistics.Label]
    ) -> [Double] {
        let (order, count) = (featureCount, labels.count)
        let keep = (1 - shrinkage) / Double(statistics.count) * Self.unit * Self.unit
        var result = statistics.moment.product(withRows: a, count: count)
        // Less Σ s·sᵀ / n over the labels' sums s.
        let sums = labels.flatMap(\.sums)
        var scores = [Double](repeating: 0, count: count * count)
        BLAS.multiply(
            .init(a, stride: order), .init(sums, stride: order, transposed: true), rows: count, columns: count,
            depth: order, into: &scores, stride: count)
        for row in 0..<count {
            for label in 0..<count { scores[row * count + label] /= Double(labels[label].count) }
        }
        BLAS.multiply(
            .init(scores, stride: count), .init(sums, stride: order), rows: count, columns: order, depth: count,
            scale: -1, keep: 1, into: &result, stride: order)
        for i in result.indices { result[i] = result[i] * keep + shrinkage * variance * a[i] }
        return result
    }
}

extension Array {
    /// The elements in order, `count` at a time.
    fileprivate func chunked(by count: Int) -> [ArraySlice<Element>] {
        stride(from: 0, to: self.count, by: count).map { self[$0..<Swift.min($0 + count, self.count)] }
    }
}
