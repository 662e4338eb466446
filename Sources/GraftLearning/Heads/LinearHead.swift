import GraftTensor

/// One score per label: a row of weights and a bias each, over root features, turned into probabilities by softmax.
///
/// What a version holds, and what the analytic head becomes when it is solved.
package struct LinearHead: Sendable, Equatable {
    /// Ids of the labels it knows, ascending. `[L]`
    package let labels: [Int64]
    /// D.
    package let featureCount: Int
    /// Over roots, not over their integer units; row-major. `[L, D]`
    package let weights: [Float]
    /// `[L]`
    package let bias: [Float]
    /// What logits are divided by before softmax.
    package let temperature: Float

    /// - Precondition: the counts agree, labels ascend, and the temperature is positive.
    package init(labels: [Int64], featureCount: Int, weights: [Float], bias: [Float], temperature: Float) {
        precondition(weights.count == labels.count * featureCount && bias.count == labels.count)
        precondition(zip(labels, labels.dropFirst()).allSatisfy { $0 < $1 }, "labels do not ascend")
        precondition(temperature > 0)
        self.labels = labels
        self.featureCount = featureCount
        self.weights = weights
        self.bias = bias
        self.temperature = temperature
    }

    /// The probability of each of `labels`. `[L]`
    package func probabilities(of features: RootFeatures) -> [Float] {
        var probabilities = logits(of: features)
        softmax(&probabilities, temperature: temperature)
        return probabilities
    }

    /// The score of each of `labels`, before the temperature. `[L]`
    ///
    /// The sums run in an order of their own, which does not depend on what kernels a library picks for the CPU.
    package func logits(of features: RootFeatures) -> [Float] {
        precondition(features.values.count == featureCount)
        let roots = features.roots
        return labels.indices.map { label in
            dot(roots.span, weights.span.extracting(label * featureCount..<(label + 1) * featureCount)) + bias[label]
        }
    }

    /// The scores of many samples, those of `features` numbered `rows`, by one product. `[rows, L]`
    func logits(ofRows features: FeatureRows, _ rows: [Int]) -> [Float] {
        precondition(features.featureCount == featureCount)
        var logits = [Float]()
        logits.reserveCapacity(rows.count * labels.count)
        for _ in rows { logits.append(contentsOf: bias) }
        BLAS.multiply(
            .init(features.roots(of: rows), stride: featureCount),
            .init(weights, stride: featureCount, transposed: true), rows: rows.count, columns: labels.count,
            depth: featureCount, keep: 1, into: &logits, stride: labels.count)
        return logits
    }
}

/// Σ aᵢ·bᵢ in eight interleaved sums.
private func dot(_ a: Span<Float>, _ b: Span<Float>) -> Float {
    precondition(a.count == b.count)
    let lanes = 8
    var sums = SIMD8<Float>.zero
    var rest: Float = 0
    a.withUnsafeBytes { a in
        b.withUnsafeBytes { b in
            let whole = a.count / (lanes * 4) * (lanes * 4)
            for byte in stride(from: 0, to: whole, by: lanes * 4) {
                // Rounded after the product and after the sum: not every CPU can do both at once.
                sums +=
                    a.loadUnaligned(fromByteOffset: byte, as: SIMD8<Float>.self)
                    * b.loadUnaligned(fromByteOffset: byte, as: SIMD8<Float>.self)
            }
            for byte in stride(from: whole, to: a.count, by: 4) {
                rest += a.load(fromByteOffset: byte, as: Float.self) * b.load(fromByteOffset: byte, as: Float.self)
            }
        }
    }
    return sums.sum() + rest
}
