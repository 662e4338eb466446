import ArgumentParser
import Foundation
import GraftLearning

/// How far probabilities are from the share of answers that is right.
struct Sureness: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measures the calibration of heads on test samples, pooled over several splits.",
        discussion: "--train and --test are given as for graftbench head, once for each split.")

    @Option(help: "The beginning of the names of training files.") var train: [String]
    @Option(help: "The beginning of the names of test files.") var test: [String]

    func validate() throws {
        guard !train.isEmpty, train.count == test.count else { throw ValidationError("as many --train as --test") }
    }

    func run() throws {
        var truth: [Int64] = []
        var answers: [String: [Prediction]] = [:]
        for (train, test) in zip(train, test) {
            let (set, files) = (try FeatureFiles(prefix: train).trainingSet, try FeatureFiles(prefix: test))
            var training = HeadTraining()
            training.threads = 2
            let trained = try training.train(set)
            var statistics = LabelStatistics(featureCount: set.features.featureCount)
            try statistics.add(set.features, labels: set.labels)
            let heads: [(String, AnalyticHead, LinearHead?)] = [
                ("analytic, not calibrated", AnalyticHead(statistics), nil),
                ("analytic, calibrated", AnalyticHead(statistics, calibration: trained.calibration), nil),
                ("trained", AnalyticHead(statistics, calibration: trained.calibration), trained.head),
            ]
            for row in 0..<files.count {
                let label = Int64(files.labels[row])
                truth.append(label)
                for (name, analytic, version) in heads {
                    let combined = CombinedAnswer.probabilities(
                        analytic: analytic, version: version, features: ImageFeatures(files[row]))
                    let best = combined.max { $0.probability < $1.probability }!
                    let own = combined.first { $0.label == label }?.probability ?? 0
                    answers[name, default: []].append(
                        Prediction(label: best.label, probability: best.probability, truthProbability: own))
                }
            }
        }
        for (name, predictions) in answers.sorted(by: { $0.key < $1.key }) {
            let evaluation = Evaluation(truth: truth, predictions: predictions)
            print(
                name.padding(toLength: 26, withPad: " ", startingAt: 0)
                    + String(
                        format: "accuracy %.4f, balanced %.4f, log loss %.4f, calibration error %.4f",
                        evaluation.accuracy,
                        evaluation.balancedAccuracy, evaluation.logLoss, evaluation.calibrationError))
        }
    }
}
