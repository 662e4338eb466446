import ArgumentParser
import Foundation
import GraftCheckpoint
import GraftLearning

/// Features and labels as NumPy saves them: `PREFIXX.npy` `[N, D]` and `PREFIXY.npy` `[N]`, both of 32-bit floats.
struct FeatureFiles {
    let featureCount: Int
    /// Plain features, as a network gives them, row-major. `[N, D]`
    let features: [Float]
    /// Numbers from 0. `[N]`
    let labels: [Int]

    var count: Int { labels.count }

    subscript(row: Int) -> [Float] { Array(features[row * featureCount..<(row + 1) * featureCount]) }

    init(prefix: String) throws {
        let (values, numbers) = (try NumPyArray(path: prefix + "X.npy"), try NumPyArray(path: prefix + "Y.npy"))
        guard values.shape.count == 2, numbers.shape == [values.shape[0]] else {
            throw ValidationError(
                "\(prefix)X.npy is \(values.shape) and \(prefix)Y.npy \(numbers.shape), expected [N, D] and [N]")
        }
        featureCount = values.shape[1]
        features = values.elements
        labels = numbers.elements.map { Int($0) }
    }

    /// The samples as a training sees them, each a group of its own.
    var trainingSet: TrainingSet {
        var set = TrainingSet(featureCount: featureCount)
        for row in 0..<count {
            set.append(
                RootFeatures(quantizing: self[row]), label: Int64(labels[row]), fold: Folds.fold(ofGroup: "\(row)"))
        }
        return set
    }
}

/// How many of some answers are right, and the mean of that over labels.
func accuracies(_ answers: [Int], of labels: [Int]) -> (accuracy: Double, balanced: Double) {
    var (right, count): ([Int: Int], [Int: Int]) = ([:], [:])
    for (answer, label) in zip(answers, labels) {
        count[label, default: 0] += 1
        if answer == label { right[label, default: 0] += 1 }
    }
    let recalls = count.map { Double(right[$0.key] ?? 0) / Double($0.value) }
    return (
        Double(right.values.reduce(0, +)) / Double(labels.count), recalls.reduce(0, +) / Double(max(recalls.count, 1))
    )
}
