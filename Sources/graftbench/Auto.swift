import ArgumentParser
import Foundation
import GraftCheckpoint
import GraftLearning
import GraftNetwork
import GraftTensor

/// What strategy `auto` takes and reaches.
struct Auto: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Trains as strategy `auto` does: time, CPU, memory, and accuracy of head and top on test samples.",
        discussion: """
            --train PREFIX reads PREFIXX.npy [N, D], PREFIXY.npy [N] and PREFIXZ.npy [N, H, W, C] (32-bit floats: plain \
            features, labels from 0, and latents at the cut), --test the same.
            """)

    @OptionGroup var network: NetworkOptions
    @Option(help: "The beginning of the names of the training files.") var train: String
    @Option(help: "The beginning of the names of the test files.") var test: String
    @Option(help: "The block that the top begins with; by default where the daemon cuts.") var cut: String?
    @Option(help: "Threads.") var threads = 2
    @Option(help: "Seconds that the plan is made for.") var timeLimit = 180
    @Option(help: "The seed.") var seed: UInt64 = 1
    @Option(help: "A recipe as JSON, instead of the usual one.") var recipe: String?
    @Option(help: "How far weights go from where they began to where they ended, instead of what is best held out.")
    var part: Float?
    @Option(help: "Models, epochs of each, and samples of all folds together, as 5,8,1257, instead of what fits.")
    var plan: TuningPlan?
    @Flag(help: "Let it take longer than planned, on a machine that is busy with other things.") var patient = false
    @Flag(help: "Print each step.") var verbose = false
    @Flag(help: "Print one line of JSON.") var json = false

    func validate() throws {
        if !(1...256).contains(threads) { throw ValidationError("--threads must be in 1...256") }
        if timeLimit < 1 { throw ValidationError("--time-limit must be at least 1") }
    }

    func run() async throws {
        let source = try network.source()
        let architecture = source.architecture
        let first = cut.map { name in architecture.blocks.firstIndex { $0.name == name } } ?? architecture.defaultCut
        guard let first else { throw ValidationError("\(architecture.name) has no block called '\(cut ?? "")'") }
        var top = TopTraining(
            blocks: Array(architecture.blocks[first...]), instructionSet: source.instructionSet,
            elements: source.elements)
        if let recipe { top.recipe = try JSONDecoder().decode(TuningRecipe.self, from: Data(recipe.utf8)) }
        if let part { top.parts = [part] }
        top.timeLimit = .seconds(timeLimit)
        top.plan = plan
        if patient { top.deadline = .now + .seconds(86_400) }
        let shape = architecture.latent(before: first)
        let training = try FeatureFiles(prefix: train)
        let latents = try latents(train, count: training.count, shape: shape)
        var automatic = AutoTraining(top: top)
        automatic.head.threads = threads
        let (auto, final, set, verbose) = (automatic, top, training.trainingSet, verbose)
        let seed = seed
        let pool = ComputePool(threads: threads, queueLimit: 0)
        let clock = ContinuousClock()
        let (start, cpu) = (clock.now, Foundation.clock())
        let outcome = try await pool.run { worker in
            try auto.train(set, latents: latents, seed: seed, by: worker) { fraction, message in
                guard verbose else { return }
                print(String(format: "%6.2f s %3.0f%% ", (clock.now - start) / .seconds(1), fraction * 100), message)
            }
        }
        let seconds = (clock.now - start) / .seconds(1)
        let cpuSeconds = Double(Foundation.clock() - cpu) / Double(CLOCKS_PER_SEC)

        let tested = try FeatureFiles(prefix: test)
        let head = accuracies(
            (0..<tested.count).map { outcome.head.head.best(ImageFeatures(tested[$0])) }, of: tested.labels)
        var tuned: (accuracy: Double, balanced: Double)?
        if let made = outcome.top {
            let testLatents = try self.latents(test, count: tested.count, shape: shape)
            let answers = try await pool.run { worker in
                var answers: [Int] = []
                try final.forEachSample(
                    of: testLatents.rows, through: made.top, latents: testLatents, by: worker
                ) { _, features in answers.append(made.top.head.best(features)) }
                return answers
            }
            tuned = accuracies(answers, of: tested.labels)
        }
        let result = AutoResult(
            samples: set.count, labels: outcome.head.head.labels.count, threads: threads, seconds: seconds,
            cpu_seconds: cpuSeconds, peak_resident_bytes: processMemory("VmHWM"), folds: outcome.top?.plan.folds,
            epochs: outcome.top?.plan.epochs, part: outcome.top?.part, head_accuracy: head.accuracy,
            head_balanced: head.balanced,
            top_accuracy: tuned?.accuracy, top_balanced: tuned?.balanced, keeps_top: outcome.keepsTop,
            reason: outcome.reason)
        print(json ? String(decoding: try JSONEncoder.sorted.encode(result), as: UTF8.self) : "\(result)")
    }

    private func latents(_ prefix: String, count: Int, shape: MapShape) throws -> HeldLatents {
        let array = try NumPyArray(path: prefix + "Z.npy")
        let expected = [count, shape.height, shape.width, shape.channels]
        guard array.shape == expected else {
            throw ValidationError("\(prefix)Z.npy is \(array.shape), expected \(expected)")
        }
        return HeldLatents(shape: shape, values: array.elements)
    }
}

extension TuningPlan: ExpressibleByArgument {
    /// `FOLDS,EPOCHS,SAMPLES`.
    package init?(argument: String) {
        let counts = argument.split(separator: ",").compactMap { Int($0) }
        guard counts.count == 3, counts.allSatisfy({ $0 > 0 }) else { return nil }
        self.init(folds: counts[0], epochs: counts[1], samples: counts[2])
    }
}

extension LinearHead {
    fileprivate func best(_ features: ImageFeatures) -> Int { VersionHead.linear(self).best(features) }
}

extension VersionHead {
    /// The most probable label.
    fileprivate func best(_ features: ImageFeatures) -> Int {
        Int(zip(labels, probabilities(of: features)).max { $0.1 < $1.1 }!.0)
    }
}

private struct AutoResult: Encodable, CustomStringConvertible {
    let samples: Int
    let labels: Int
    let threads: Int
    let seconds: Double
    let cpu_seconds: Double
    let peak_resident_bytes: Int?
    let folds: Int?
    let epochs: Int?
    let part: Float?
    let head_accuracy: Double
    let head_balanced: Double
    let top_accuracy: Double?
    let top_balanced: Double?
    let keeps_top: Bool
    let reason: String

    var description: String {
        var text = String(
            format: "%d samples, %d labels, %d thread(s): %.1f s, %.1f s of CPU", samples, labels, threads, seconds,
            cpu_seconds)
        if let folds, let epochs, let part { text += ", \(folds) models of \(epochs) epochs, \(part) of the way" }
        text += String(format: "\ntest, head: accuracy %.4f, balanced %.4f", head_accuracy, head_balanced)
        if let top_accuracy, let top_balanced {
            text += String(format: "\ntest, top: accuracy %.4f, balanced %.4f", top_accuracy, top_balanced)
        }
        return text + "\n" + reason
    }
}
