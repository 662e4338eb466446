import Foundation
import GraftTensor

/// Multinomial logistic regression: the weights with the least
/// `Σ aᵢ · −log p(yᵢ | xᵢ) + strength / 2 · Σ (w − prior)²`, with `Σ aᵢ = 1` and the bias free.
///
/// The penalty pulls towards a given prior instead of 0, so that what the samples do not say stays as the prior has it.
package struct SoftmaxFit: Sendable {
    /// Row-major. `[N, D]`
    private let features: [Float]
    /// The label of each sample, in `0..<labelCount`. `[N]`
    private let targets: [Int]
    /// How much each sample counts. `[N]`
    private let sampleWeights: [Float]
    /// Row-major. `[L, D]`
    private let prior: [Float]
    private let labelCount: Int
    private let featureCount: Int

    /// How much each sample counts.
    package enum Balance: Sendable {
        /// The same each.
        case samples
        /// So much that every label counts the same.
        case labels
    }

    /// Weights `[L, D]` and bias `[L]`.
    package struct Solution: Sendable, Equatable {
        package var weights: [Float]
        package var bias: [Float]

        package init(weights: [Float], bias: [Float]) {
            self.weights = weights
            self.bias = bias
        }
    }

    /// - Parameter prior: What weights are pulled towards; nil is 0.
    /// - Precondition: there is a sample, each target is in `0..<labelCount`, and the shapes agree.
    package init(
        features: [Float], targets: [Int], labelCount: Int, balance: Balance, prior: [Float]? = nil
    ) {
        precondition(!targets.isEmpty && features.count % targets.count == 0)
        precondition(targets.allSatisfy { (0..<labelCount).contains($0) })
        self.features = features
        self.targets = targets
        self.labelCount = labelCount
        featureCount = features.count / targets.count
        self.prior = prior ?? [Float](repeating: 0, count: labelCount * featureCount)
        precondition(self.prior.count == labelCount * featureCount)
        switch balance {
        case .samples:
            sampleWeights = [Float](repeating: 1 / Float(targets.count), count: targets.count)
        case .labels:
            var counts = [Int](repeating: 0, count: labelCount)
            for target in targets { counts[target] += 1 }
            let present = counts.count { $0 > 0 }
            sampleWeights = targets.map { 1 / Float(counts[$0] * present) }
        }
    }

    /// The optimum at `strength`, searched from `start`.
    ///
    /// - Parameter check: Called between the steps of the search; what it throws ends it.
    package func solve<Failure: Error>(
        strength: Double, from start: Solution, search: LBFGS = LBFGS(), check: () throws(Failure) -> Void
    ) throws(Failure) -> Solution {
        precondition(start.weights.count == prior.count && start.bias.count == labelCount)
        let minimum = try search.minimize(from: (start.weights + start.bias).map(Double.init)) {
            parameters throws(Failure) in
            try check()
            return loss(parameters, strength: strength)
        }
        let parameters = minimum.parameters.map(Float.init)
        return Solution(
            weights: Array(parameters[..<prior.count]), bias: Array(parameters[prior.count...]))
    }

    /// The loss and its gradient at weights `[L, D]` followed by biases `[L]`.
    ///
    /// The products run in 32 bits, the sums over samples and the penalty in 64.
    package func loss(_ parameters: [Double], strength: Double) -> (value: Double, gradient: [Double]) {
        let count = targets.count
        let weights = parameters[..<prior.count].map(Float.init)
        var scores = [Float](repeating: 0, count: count * labelCount)
        BLAS.multiply(
            .init(features, stride: featureCount), .init(weights, stride: featureCount, transposed: true), rows: count,
            columns: labelCount, depth: featureCount, into: &scores, stride: labelCount)
        var gradient = [Double](repeating: 0, count: parameters.count)
        var value = softmaxGradient(
            &scores, bias: parameters[prior.count...].map(Float.init), biasGradient: &gradient)

        var weightGradient = [Float](repeating: 0, count: prior.count)
        BLAS.multiply(
            .init(scores, stride: labelCount, transposed: true), .init(features, stride: featureCount),
            rows: labelCount, columns: featureCount, depth: count, into: &weightGradient, stride: featureCount)
        var penalty = 0.0
        for i in prior.indices {
            let distance = parameters[i] - Double(prior[i])
            penalty += distance * distance
            gradient[i] = Double(weightGradient[i]) + strength * distance
        }
        value += strength / 2 * penalty
        return (value, gradient)
    }

    /// Replaces scores `[N, L]`, still without bias, by ∂loss/∂score, and adds their columns to the last L elements of
    /// `biasGradient`. Returns the weighted mean of the samples' losses.
    private func softmaxGradient(_ scores: inout [Float], bias: [Float], biasGradient: inout [Double]) -> Double {
        var value = 0.0
        for (row, target) in targets.enumerated() {
            let base = row * labelCount
            var largest = -Float.infinity
            for l in 0..<labelCount {
                scores[base + l] += bias[l]
                largest = max(largest, scores[base + l])
            }
            let own = scores[base + target] - largest
            var sum: Float = 0
            for l in 0..<labelCount {
                scores[base + l] = exp(scores[base + l] - largest)
                sum += scores[base + l]
            }
            let weight = sampleWeights[row]
            value += Double(weight) * Double(log(sum) - own)
            for l in 0..<labelCount {
                let slope = weight * (scores[base + l] / sum - (l == target ? 1 : 0))
                scores[base + l] = slope
                biasGradient[prior.count + l] += Double(slope)
            }
        }
        return value
    }
}
