import ArgumentParser
import Foundation
import GraftCheckpoint
import GraftLearning

/// The time of multinomial logistic regression, as other libraries have it.
struct Fit: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Fits multinomial logistic regression with a penalty on the weights, from 0: time, loss and accuracy.",
        discussion: """
            --train PREFIX reads PREFIXX.npy [N, D] and PREFIXY.npy [N] (32-bit floats; plain features, labels from 0), \
            --test the same. Minimises the mean loss + strength / 2 · Σ w² over square roots of the features: scikit-learn's \
            C is 1 / (N · strength). --roots PREFIX writes the features that were fitted, for others to fit the same.
            """)

    @Option(help: "The beginning of the names of the training files.") var train: String
    @Option(help: "The beginning of the names of the test files.") var test: String
    @Option(help: "scikit-learn's C.") var c = 0.3
    @Flag(help: "Let every label count the same.") var balanced = false
    @Option(help: "How much the covariance is shrunk for the coordinates of the search; 1 for none.") var shrinkage =
        0.5
    @Option(help: "Stops when a step lowers the loss by less than this fraction of it.") var tolerance = 1e-4
    @Option(help: "Threads.") var threads = 2
    @Option(help: "Fits, of which the median counts.") var runs = 3
    @Option(help: "Where to write the features that were fitted.") var roots: String?
    @Flag(help: "Print one line of JSON.") var json = false

    func validate() throws {
        guard c > 0, shrinkage > 0, shrinkage <= 1, tolerance >= 0, threads > 0, runs > 0 else {
            throw ValidationError("--c, --shrinkage (at most 1), --threads and --runs are above 0")
        }
    }

    func run() throws {
        let (train, test) = (try FeatureFiles(prefix: train), try FeatureFiles(prefix: test))
        let set = train.trainingSet
        if let roots {
            try write(set.features, to: roots + "-trainX.npy")
            try write(test.trainingSet.features, to: roots + "-testX.npy")
        }
        let labelCount = (train.labels.max() ?? 0) + 1
        var search = LBFGS()
        search.lossTolerance = tolerance
        let clock = ContinuousClock()
        var times: [(seconds: Double, cpuSeconds: Double)] = []
        var found: (head: LinearHead, loss: Double, iterations: Int)?
        for _ in 0..<runs {
            let (start, cpu) = (clock.now, Foundation.clock())
            var fit = SoftmaxFit(
                set.features, targets: train.labels, labelCount: labelCount, balance: balanced ? .labels : .samples,
                shrinkage: shrinkage < 1 ? shrinkage : nil)
            fit.threads = threads
            let optimum = fit.solve(strength: 1 / (c * Double(train.count)), search: search, check: {})
            let plain = fit.weights(optimum.solution)
            times.append(
                ((clock.now - start) / .seconds(1), Double(Foundation.clock() - cpu) / Double(CLOCKS_PER_SEC)))
            let head = LinearHead(
                labels: (0..<labelCount).map(Int64.init), featureCount: train.featureCount, weights: plain.weights,
                bias: plain.bias, temperature: 1)
            found = (head, optimum.loss, optimum.iterations)
        }
        let (head, loss, iterations) = found!
        let answers = (0..<test.count).map { row in
            let logits = head.logits(of: RootFeatures(quantizing: test[row]))
            return logits.indices.max { logits[$0] < logits[$1] }!
        }
        let reached = accuracies(answers, of: test.labels)
        let result = FitResult(
            peer: "graftd", threads: threads, seconds: times.map(\.seconds).sorted()[runs / 2],
            cpu_seconds: times.map(\.cpuSeconds).sorted()[runs / 2], loss: loss, iterations: iterations,
            accuracy: reached.accuracy, balanced: reached.balanced)
        if json { return print(String(decoding: try JSONEncoder.sorted.encode(result), as: UTF8.self)) }
        print(
            String(
                format: "%d x %d x %d, %d thread(s): %.3f s, %.3f s of CPU; loss %.6f after %d steps; accuracy %.4f, "
                    + "balanced %.4f", train.count, train.featureCount, labelCount, threads, result.seconds,
                result.cpu_seconds, loss, iterations, reached.accuracy, reached.balanced))
    }

    private func write(_ features: FeatureRows, to path: String) throws {
        let floats = (0..<features.count).flatMap { RootFeatures(values: Array(features[$0])).roots }
        try NumPyArray(shape: [features.count, features.featureCount], elements: floats).write(to: path)
    }
}

private struct FitResult: Encodable {
    let peer: String
    let threads: Int
    let seconds: Double
    let cpu_seconds: Double
    let loss: Double
    let iterations: Int
    let accuracy: Double
    let balanced: Double
}
