import Foundation

/// How good predictions are.
package struct Evaluation: Codable, Sendable, Equatable {
    /// One label's part.
    package struct Label: Codable, Sendable, Equatable {
        package var label: Int64
        /// Samples of this label.
        package var samples: Int
        /// Samples predicted to be of this label.
        package var predicted: Int
        /// Samples of this label predicted to be so.
        package var found: Int

        /// The fraction of its samples that were found; nil without samples.
        package var recall: Double? { samples > 0 ? Double(found) / Double(samples) : nil }
        /// The fraction of what was predicted to be of it that is; nil where nothing was.
        package var precision: Double? { predicted > 0 ? Double(found) / Double(predicted) : nil }
    }

    /// Every label that a sample has or was predicted to have, ascending by id.
    package var labels: [Label]
    /// How many samples of the row's label were predicted to be of the column's; rows and columns as in `labels`.
    package var confusion: [[Int]]
    package var samples: Int
    /// The fraction predicted right.
    package var accuracy: Double
    /// The mean recall of the labels that have samples.
    package var balancedAccuracy: Double
    /// The mean of −log of the probability of the true label, in nats, each at most that of ``leastProbability``.
    package var logLoss: Double
    /// The mean, over samples, of the distance between how sure and how right answers are that are about as sure: in
    /// fifteen bins of equal width (Guo et al. 2017, arXiv:1706.04599).
    package var calibrationError: Double

    /// Keeps the loss of a label that the head did not know finite.
    package static let leastProbability = 1e-7
    private static let binCount = 15

    /// - Precondition: as many predictions as samples, and at least one.
    package init(truth: [Int64], predictions: [Prediction]) {
        precondition(truth.count == predictions.count && !truth.isEmpty)
        let ids = Set(truth).union(predictions.lazy.map(\.label)).sorted()
        let position = Dictionary(uniqueKeysWithValues: zip(ids, ids.indices))
        var confusion = [[Int]](repeating: [Int](repeating: 0, count: ids.count), count: ids.count)
        var loss = 0.0
        var bins = [(samples: Int, sureness: Double, right: Int)](
            repeating: (0, 0, 0), count: Self.binCount)
        for (label, prediction) in zip(truth, predictions) {
            confusion[position[label]!][position[prediction.label]!] += 1
            loss -= log(max(Double(prediction.truthProbability), Self.leastProbability))
            let sureness = Double(prediction.probability)
            let bin = min(Int(sureness * Double(Self.binCount)), Self.binCount - 1)
            bins[bin].samples += 1
            bins[bin].sureness += sureness
            bins[bin].right += prediction.label == label ? 1 : 0
        }
        let labels = ids.indices.map { i in
            Label(
                label: ids[i], samples: confusion[i].reduce(0, +), predicted: confusion.reduce(0) { $0 + $1[i] },
                found: confusion[i][i])
        }
        let recalls = labels.compactMap(\.recall)
        let count = Double(truth.count)
        self.labels = labels
        self.confusion = confusion
        samples = truth.count
        accuracy = Double(labels.reduce(0) { $0 + $1.found }) / count
        balancedAccuracy = recalls.reduce(0, +) / Double(recalls.count)
        logLoss = loss / count
        calibrationError = bins.reduce(0) { $0 + abs($1.sureness - Double($1.right)) } / count
    }
}
