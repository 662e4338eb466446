import Foundation

/// The mean over a batch of -Σ target · log softmax(logits).
package struct SoftmaxCrossEntropy: Sendable {
    /// How much of a target is shared among all labels (Szegedy et al. 2015, arXiv 1512.00567); the rest goes to the
    /// sample's own.
    package let smoothing: Float

    /// - Precondition: `0 <= smoothing <= 1`.
    package init(smoothing: Float = 0) {
        precondition((0...1).contains(smoothing))
        self.smoothing = smoothing
    }

    /// The loss of `logits` `[N, L]`.
    ///
    /// - Parameter labels: The label of each sample, in `0 ..< labelCount`. `[N]`
    package func loss(_ logits: Span<Float>, labels: [Int], labelCount: Int) -> Double {
        var sum = 0.0
        for (n, label) in labels.enumerated() {
            sum += loss(logits.extracting(n * labelCount..<(n + 1) * labelCount), label: label)
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
            for l in row.indices {
                let difference = exp(Double(row[l]) - logOfSum) - target(l, of: label, labelCount: labelCount)
                gradient[n * labelCount + l] = Float(difference / Double(labels.count))
            }
        }
    }

    private func loss(_ logits: Span<Float>, label: Int) -> Double {
        let logOfSum = logOfSum(logits)
        return logits.indices.reduce(0) {
            $0 + target($1, of: label, labelCount: logits.count) * (logOfSum - Double(logits[$1]))
        }
    }

    private func target(_ l: Int, of label: Int, labelCount: Int) -> Double {
        Double(smoothing) / Double(labelCount) + (l == label ? 1 - Double(smoothing) : 0)
    }

    /// log Σ exp(logits)
    private func logOfSum(_ logits: Span<Float>) -> Double {
        var largest = -Double.infinity
        for l in logits.indices { largest = max(largest, Double(logits[l])) }
        return largest + log(logits.indices.reduce(0) { $0 + exp(Double(logits[$1]) - largest) })
    }
}
