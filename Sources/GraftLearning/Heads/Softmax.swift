import Foundation

/// Replaces logits by probabilities: `exp(zᵢ / temperature) / Σ exp(zⱼ / temperature)`.
func softmax(_ logits: inout [Float], temperature: Float = 1) {
    guard let largest = logits.max() else { return }
    var sum: Float = 0
    for i in logits.indices {
        logits[i] = exp((logits[i] - largest) / temperature)
        sum += logits[i]
    }
    for i in logits.indices { logits[i] /= sum }
}

/// `log Σ exp(zᵢ · scale)`, where one logit at least is finite; −∞ stands for a label that is out of the question.
func logSumExp(_ logits: ArraySlice<Float>, scale: Double) -> Double {
    let largest = Double(logits.max()!) * scale
    var sum = 0.0
    for logit in logits where logit > -.infinity { sum += exp(Double(logit) * scale - largest) }
    return largest + log(sum)
}
