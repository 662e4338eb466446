import ArgumentParser
import Foundation
import GraftLearning

/// What strategy `head` takes and reaches.
struct Head: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Trains a head as strategy `head` does: time, CPU, memory, and accuracy on test samples.",
        discussion: """
            --train PREFIX reads PREFIXX.npy [N, D] and PREFIXY.npy [N] (32-bit floats; plain features, labels from 0), \
            --test the same. Without --train the samples are made up: graftbench head --samples 100000 --labels 1000. \
            --table prints how time and memory grow with samples, features and labels.
            """)

    @Option(help: "The beginning of the names of the training files.") var train: String?
    @Option(help: "The beginning of the names of the test files.") var test: String?
    @Option(help: "Made-up samples.") var samples = 1_257
    @Option(help: "Features of a made-up sample.") var features = 1_280
    @Option(help: "Labels of made-up samples.") var labels = 25
    @Option(help: "Threads.") var threads = 2
    @Option(help: "roots or plain: what the head is over.") var space = FeatureSpace.roots
    @Option(help: "The most multiplications that the search may take.") var workLimit = HeadTraining().workLimit
    @Flag(help: "Print each step.") var verbose = false
    @Flag(help: "Print a table in Markdown, of made-up samples.") var table = false
    @Flag(help: "Print one line of JSON.") var json = false

    func validate() throws {
        guard samples >= 2, features > 0, labels > 1, threads > 0 else {
            throw ValidationError("--samples and --labels are at least 2, --features and --threads at least 1")
        }
    }

    func run() throws {
        if table { return try printTable() }
        let set =
            try train.map { try FeatureFiles(prefix: $0).trainingSet }
            ?? madeUpSamples(count: samples, featureCount: features, labelCount: labels)
        let before = processMemory("VmRSS")
        var training = HeadTraining()
        training.threads = threads
        training.space = space
        training.workLimit = workLimit
        let clock = ContinuousClock()
        let (start, cpu) = (clock.now, Foundation.clock())
        let verbose = verbose
        let trained = try training.train(set) { fraction, message in
            if verbose {
                print(String(format: "%6.2f s %3.0f%% ", (clock.now - start) / .seconds(1), fraction * 100), message)
            }
        }
        let seconds = (clock.now - start) / .seconds(1)
        let cpuSeconds = Double(Foundation.clock() - cpu) / Double(CLOCKS_PER_SEC)
        let tested = try test.map { try accuracy(trained, set, FeatureFiles(prefix: $0)) }
        let result = HeadResult(
            samples: set.count, features: set.features.featureCount, labels: Set(set.labels).count, threads: threads,
            seconds: seconds, cpu_seconds: cpuSeconds, peak_resident_bytes: processMemory("VmHWM"),
            resident_before_bytes: before, accuracy: tested?.accuracy, balanced: tested?.balanced,
            held_out_accuracy: trained.evaluation.accuracy, held_out_balanced: trained.evaluation.balancedAccuracy,
            calibration_error: trained.evaluation.calibrationError, shrinkage: trained.calibration.shrinkage,
            strength: trained.strength)
        if json { return print(String(decoding: try JSONEncoder.sorted.encode(result), as: UTF8.self)) }
        print(result)
    }

    // MARK: - How it grows

    /// A row for each doubling of one of the three, the others being what the options say; each in a process of its own,
    /// whose memory is its peak.
    private func printTable() throws {
        print("| samples | features | labels | s | s of CPU | peak MB | search |")
        print("| ---: | ---: | ---: | ---: | ---: | ---: | --- |")
        let base = (samples: samples, features: features, labels: labels)
        var rows = [base]
        for factor in [2, 4, 8] { rows.append((samples * factor, features, labels)) }
        for factor in [2, 4] { rows.append((samples, features * factor, labels)) }
        for factor in [2, 4, 8] { rows.append((samples, features, labels * factor)) }
        for row in rows {
            let result = try measured(samples: row.samples, features: row.features, labels: row.labels)
            print(
                String(
                    format: "| %d | %d | %d | %.2f | %.2f | %.0f | %@ |", row.samples, row.features, row.labels,
                    result.seconds, result.cpu_seconds, Double(result.peak_resident_bytes ?? 0) / 1e6,
                    result.strength.map { "to strength \($0)" } ?? "none"))
        }
    }

    private func measured(samples: Int, features: Int, labels: Int) throws -> HeadResult {
        let process = Process()
        process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = [
            "head", "--samples", "\(samples)", "--features", "\(features)", "--labels", "\(labels)", "--threads",
            "\(threads)", "--space", space.rawValue, "--work-limit", "\(workLimit)", "--json",
        ]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let line = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return try JSONDecoder().decode(HeadResult.self, from: line)
    }

    // MARK: - Accuracy

    /// As the daemon answers: the head, and the analytic head for labels that it lacks.
    private func accuracy(
        _ trained: TrainedHead, _ set: TrainingSet, _ test: FeatureFiles
    ) throws -> (accuracy: Double, balanced: Double) {
        var statistics = LabelStatistics(featureCount: set.features.featureCount)
        try statistics.add(set.features, labels: set.labels)
        let analytic = AnalyticHead(statistics, calibration: trained.calibration)
        let answers = (0..<test.count).map { row in
            let combined = CombinedAnswer.probabilities(
                analytic: analytic, version: trained.head, features: ImageFeatures(test[row]))
            return Int(combined.max { $0.probability < $1.probability }!.label)
        }
        return accuracies(answers, of: test.labels)
    }
}

extension FeatureSpace: ExpressibleByArgument {}

private struct HeadResult: Codable, CustomStringConvertible {
    let samples: Int
    let features: Int
    let labels: Int
    let threads: Int
    let seconds: Double
    let cpu_seconds: Double
    let peak_resident_bytes: Int?
    let resident_before_bytes: Int?
    let accuracy: Double?
    let balanced: Double?
    let held_out_accuracy: Double
    let held_out_balanced: Double
    let calibration_error: Double
    let shrinkage: Double
    let strength: Double?

    var description: String {
        var text = String(
            format: "%d samples x %d features x %d labels, %d thread(s): %.2f s, %.2f s of CPU", samples, features,
            labels, threads, seconds, cpu_seconds)
        if let peak = peak_resident_bytes { text += String(format: ", at most %.0f MB", Double(peak) / 1e6) }
        text += String(
            format: "\nheld out: accuracy %.4f, balanced %.4f, calibration error %.3f", held_out_accuracy,
            held_out_balanced, calibration_error)
        if let accuracy, let balanced {
            text += String(format: "\ntest: accuracy %.4f, balanced %.4f", accuracy, balanced)
        }
        let pull = strength.map { "strength \($0)" } ?? "the analytic head's weights"
        return text + "\nshrinkage \(shrinkage), \(pull)"
    }
}

/// Samples around a random centre for each label, as close as it takes for some to be mistaken.
func madeUpSamples(count: Int, featureCount: Int, labelCount: Int) -> TrainingSet {
    var generator = SystemRandomNumberGenerator()
    let centres = (0..<labelCount * featureCount).map { _ in Int16.random(in: 800...1_200, using: &generator) }
    var values: [Int16] = []
    values.reserveCapacity(count * featureCount)
    for sample in 0..<count {
        let centre = sample % labelCount * featureCount
        for i in 0..<featureCount {
            values.append(centres[centre + i] &+ Int16(truncatingIfNeeded: Int(generator.next() & 0xFFF)))
        }
    }
    return TrainingSet(
        features: FeatureRows(featureCount: featureCount, values: values),
        labels: (0..<count).map { Int64($0 % labelCount) }, folds: (0..<count).map { Folds.fold(ofGroup: "\($0)") })
}
