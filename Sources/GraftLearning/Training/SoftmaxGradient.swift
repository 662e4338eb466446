import Foundation

/// Replaces scores `[N, L]`, still without bias, by ∂loss/∂score, and adds their columns to `biasGradient` `[L]`. Returns the
/// sum of the samples' losses, each times its label's weight.
///
/// - Parameter targets: The label of each sample; there may be more scores than they have rows, which are left alone.
func softmaxGradient(
    _ scores: inout [Float], targets: ArraySlice<Int>, bias: [Float], labelWeights: [Float],
    biasGradient: inout [Double]
) -> Double {
    let count = bias.count
    let bias = bias.span
    var scores = scores.mutableSpan
    var columns = biasGradient.mutableSpan
    var value = 0.0
    var base = 0
    for target in targets {
        var largest = -Float.infinity
        for l in 0..<count {
            scores[base + l] += bias[l]
            largest = max(largest, scores[base + l])
        }
        let own = scores[base + target] - largest
        var sum: Float = 0
        for l in 0..<count {
            let likelihood = exp(scores[base + l] - largest)
            scores[base + l] = likelihood
            sum += likelihood
        }
        let weight = labelWeights[target]
        value += Double(weight) * Double(log(sum) - own)
        let scale = weight / sum
        for l in 0..<count { scores[base + l] *= scale }
        scores[base + target] -= weight
        for l in 0..<count { columns[l] += Double(scores[base + l]) }
        base += count
    }
    return value
}
