import Foundation

/// The mean over a batch of -Σ target · log softmax(logits).
package struct SoftmaxCrossEntropy: Sendable {
    /// How much of a target is shared among all labels (Szegedy et al. 2015, arXiv 1512.00567); the rest goes to the
    /// sample's own.
    package let smoothing: Float
    /// What a sample's loss is multiplied with, by its label; nil for 1. `[L]`
    ///
    /// The mean is still one over samples, not, as PyTorch's, over the batch's weights: where a rare label is missing from a
    /// batch, the others would count for more there, and it would never get its share.
    package let weights: [Float]?
    /// What is added to the logits; nil if nothing is. `[L]`
    package let offsets: [Float]?

    /// - Precondition: `0 <= smoothing <= 1`, and weights are positive.
    package init(smoothing: Float = 0, weights: [Float]? = nil, offsets: [Float]? = nil) {
        precondition((0...1).contains(smoothing))
        precondition(weights?.allSatisfy { $0 > 0 } ?? true)
        (self.smoothing, self.weights, self.offsets) = (smoothing, weights, offsets)
    }

    /// The loss of `logits` `[N, L]`.
    ///
    /// - Parameter labels: The label of each sample, in `0 ..< labelCount`. `[N]`
    package func loss(_ logits: Span<Float>, labels: [Int], labelCount: Int) -> Double {
        var sum = 0.0
        for (n, label) in labels.enumerated() {
            let row = logits.extracting(n * labelCount..<(n + 1) * labelCount)
            sum += weight(label) * loss(row, label: label)
        }
        return sum / Double(labels.count)
    }

    /// Writes ∂loss/∂logits `[N, L]`.
    package func gradient(
        _ logits: Span<Float>, labels: [Int], labelCount: Int, into gradient: inout MutableSpan<Float>
    ) {
        for (n, label) in labels.enumerated() {
            let row = logits.extracting(n * labelCount..<(n + 1) * labelCount)
            let logOfSum = logOfSum(row)
            let part = weight(label) / Double(labels.count)
            for l in row.indices {
                let difference = exp(score(row, l) - logOfSum) - target(l, of: label, labelCount: labelCount)
                gradient[n * labelCount + l] = Float(difference * part)
            }
        }
    }

    private func loss(_ logits: Span<Float>, label: Int) -> Double {
        let logOfSum = logOfSum(logits)
        return logits.indices.reduce(0) {
            $0 + target($1, of: label, labelCount: logits.count) * (logOfSum - score(logits, $1))
        }
    }

    private func target(_ l: Int, of label: Int, labelCount: Int) -> Double {
        Double(smoothing) / Double(labelCount) + (l == label ? 1 - Double(smoothing) : 0)
    }

    private func weight(_ label: Int) -> Double { weights.map { Double($0[label]) } ?? 1 }

    private func score(_ logits: Span<Float>, _ l: Int) -> Double {
        Double(logits[l]) + (offsets.map { Double($0[l]) } ?? 0)
    }

    /// log Σ exp(logits)
    private func logOfSum(_ logits: Span<Float>) -> Double {
        var largest = -Double.infinity
        for l in logits.indices { largest = max(largest, score(logits, l)) }
        return largest + log(logits.indices.reduce(0) { $0 + exp(score(logits, $1) - largest) })
    }
}
