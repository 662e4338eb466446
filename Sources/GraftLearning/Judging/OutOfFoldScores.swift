import Foundation

/// The logits of every sample, from a head that had not learned its fold.
struct OutOfFoldScores: Sendable {
    /// Ids of the labels, ascending. `[L]`
    let labels: [Int64]
    /// −∞ for a label that the fold's head did not know. `[N, L]`
    private(set) var logits: [Float]
    /// The position in `labels` of each sample's own label, or nil where its head did not know it. `[N]`
    private(set) var truth: [Int?]

    /// Scores to be filled for samples whose labels are `truth`, each among `labels`.
    init(labels: [Int64], truth: [Int64]) {
        let position = Dictionary(uniqueKeysWithValues: zip(labels, labels.indices))
        self.labels = labels
        self.truth = truth.map { position[$0] }
        logits = [Float](repeating: -.infinity, count: truth.count * labels.count)
    }

    var count: Int { truth.count }

    /// Keeps what a fold's head, which knows `headLabels`, says of the samples `rows`: logits `[rows, headLabels]`.
    mutating func set(_ scores: [Float], rows: [Int], headLabels: [Int64]) {
        precondition(scores.count == rows.count * headLabels.count)
        let columns = headLabels.map { label in labels.firstIndex(of: label)! }
        for (i, row) in rows.enumerated() {
            for (j, column) in columns.enumerated() {
                logits[row * labels.count + column] = scores[i * headLabels.count + j]
            }
            if let own = truth[row], logits[row * labels.count + own] == -.infinity { truth[row] = nil }
        }
    }

    /// The probability of each of `labels` for one sample, 0 for those its head did not know. `[L]`
    func probabilities(of row: Int, temperature: Float) -> [Float] {
        var probabilities = Array(logits[row * labels.count..<(row + 1) * labels.count])
        softmax(&probabilities, temperature: temperature)
        return probabilities
    }

    // MARK: - Temperature

    /// How much each sample's loss counts.
    enum Weighting {
        /// One each: what probabilities are to be right about.
        case samples
        /// As much for every label: what balanced accuracy asks.
        case labels
    }

    /// The temperature with the least log loss, and that loss in nats, over the samples whose label their head knew.
    ///
    /// The loss is convex in 1 / temperature; the search halves the bracket of a golden section until the temperature is
    /// known to a thousandth. Without such samples: 1 and 0.
    func bestTemperature(_ weighting: Weighting) -> (temperature: Double, logLoss: Double) {
        let weights = sampleWeights(weighting)
        guard weights.contains(where: { $0 > 0 }) else { return (1, 0) }
        let ratio = (5.0.squareRoot() - 1) / 2
        var (low, high) = (log(0.02), log(2000.0))
        func loss(_ logTemperature: Double) -> Double { logLoss(scale: exp(-logTemperature), weights: weights) }
        var (left, right) = (high - ratio * (high - low), low + ratio * (high - low))
        var (leftLoss, rightLoss) = (loss(left), loss(right))
        while high - low > 1e-3 {
            if leftLoss <= rightLoss {
                (high, right, rightLoss) = (right, left, leftLoss)
                left = high - ratio * (high - low)
                leftLoss = loss(left)
            } else {
                (low, left, leftLoss) = (left, right, rightLoss)
                right = low + ratio * (high - low)
                rightLoss = loss(right)
            }
        }
        let best = (low + high) / 2
        return (exp(best), loss(best))
    }

    private func logLoss(scale: Double, weights: [Double]) -> Double {
        var sum = 0.0
        for row in 0..<count where weights[row] > 0 {
            let scores = logits[row * labels.count..<(row + 1) * labels.count]
            let own = Double(scores[scores.startIndex + truth[row]!]) * scale
            sum += weights[row] * (logSumExp(scores, scale: scale) - own)
        }
        return sum
    }

    /// They sum to 1; 0 for a sample whose label its head did not know.
    private func sampleWeights(_ weighting: Weighting) -> [Double] {
        var counts = [Double](repeating: 0, count: labels.count)
        for own in truth { if let own { counts[own] += 1 } }
        let total = counts.reduce(0, +)
        let present = Double(counts.count { $0 > 0 })
        return truth.map { own in
            guard let own else { return 0 }
            return switch weighting {
            case .samples: 1 / total
            case .labels: 1 / (counts[own] * present)
            }
        }
    }
}
