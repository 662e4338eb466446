import GraftTensor

/// A sample that novelty is measured against.
package struct KnownSample: Sendable, Equatable {
    package var label: Int64
    package var features: RootFeatures

    package init(label: Int64, features: RootFeatures) {
        self.label = label
        self.features = features
    }
}

/// What the analytic head would say of samples that it has learned if it had not learned each of them.
///
/// In closed form. Without a sample x of label c, that has n of all N samples, the covariance A becomes
/// `A − (1 − s) · n / ((n − 1) · N) · r·rᵀ` with `r = x − μ_c` and s the shrinkage, and means move by a fraction of r and of
/// x; the inverse follows by Sherman and Morrison's formula, and everything else from dot products in the whitened space.
/// Left aside: that N and the mean variance change by a part in N.
struct LeaveOneOut {
    /// Which samples had company, so that there is something to say of them: positions in what was given.
    let rows: [Int]
    /// For each of `rows`, the logit of every label, ascending by id. `[rows, L]`
    let logits: [Float]
    /// For each of `rows`, the squared lengths of the labels' means. `[rows, L]`
    let squaredLengths: [Float]

    /// - Parameters:
    ///   - counts: How many samples of each label were learned, by ascending id.
    ///   - covariance: Of the same statistics, which have learned every one of `samples`.
    init(_ samples: [KnownSample], counts: [(label: Int64, samples: Int)], covariance: WithinCovariance) {
        let position = Dictionary(uniqueKeysWithValues: zip(counts.map(\.label), counts.indices))
        let rows = samples.indices.filter { row in
            position[samples[row].label].map { counts[$0].samples > 1 } ?? false
        }
        let (count, order) = (counts.count, covariance.featureCount)
        let learned = Double(counts.reduce(0) { $0 + $1.samples })

        var x: [Float] = []
        x.reserveCapacity(rows.count * order)
        let mean = covariance.mean.map(Float.init)
        for row in rows { x.append(contentsOf: zip(samples[row].features.roots, mean).map { $0 - $1 }) }
        covariance.whiten(&x, count: rows.count)
        var means = covariance.centredMeans.map(Float.init)
        covariance.whiten(&means, count: count)
        // x·μ [rows, L] and μ·μ [L, L]
        var projections = [Float](repeating: 0, count: rows.count * count)
        BLAS.multiply(
            .init(x, stride: order), .init(means, stride: order, transposed: true), rows: rows.count, columns: count,
            depth: order, into: &projections, stride: count)
        var gram = [Float](repeating: 0, count: count * count)
        BLAS.multiply(
            .init(means, stride: order), .init(means, stride: order, transposed: true), rows: count, columns: count,
            depth: order, into: &gram, stride: count)

        var logits = [Float](repeating: 0, count: projections.count)
        var squaredLengths = logits
        for (i, row) in rows.enumerated() {
            let own = position[samples[row].label]!
            let square = x[i * order..<(i + 1) * order].reduce(0) { $0 + Double($1) * Double($1) }
            func projection(_ label: Int) -> Double { Double(projections[i * count + label]) }
            func product(_ label: Int, _ other: Int) -> Double { Double(gram[label * count + other]) }

            // How far the mean of all, and that of its label, move when it leaves.
            let ofOwn = Double(counts[own].samples)
            let (all, ofLabel) = (1 / (learned - 1), 1 / (ofOwn - 1))
            let distance = square - 2 * projection(own) + product(own, own)  // r·r
            let along = square - projection(own)  // x·r
            let part = (1 - covariance.shrinkage) * ofOwn / ((ofOwn - 1) * learned)
            // Positive in exact arithmetic, because what is left is a covariance too.
            let growth = part / max(1 - part * distance, 1e-3)
            for label in 0..<count {
                let isOwn = label == own ? 1.0 : 0
                let towards = projection(label) - product(own, label)  // μ·r
                let meanAlong = towards + all * along - isOwn * ofLabel * distance
                let meanOnSample = projection(label) + all * square - isOwn * ofLabel * along
                let meanSquare =
                    product(label, label) + 2 * all * projection(label) + all * all * square
                    + isOwn * (ofLabel * ofLabel * distance - 2 * ofLabel * (towards + all * along))
                let length = meanSquare + growth * meanAlong * meanAlong
                let onMean = (1 + all) * (meanOnSample + growth * along * meanAlong)
                logits[i * count + label] = Float(onMean - length / 2)
                squaredLengths[i * count + label] = Float(length)
            }
        }
        self.rows = rows
        self.logits = logits
        self.squaredLengths = squaredLengths
    }
}
