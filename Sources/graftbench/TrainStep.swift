import ArgumentParser
import Foundation
import GraftCheckpoint
import GraftLearning
import GraftNetwork
import GraftTensor

/// The time of one step of top-block tuning.
struct TrainStep: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Times one step of top-block tuning.",
        discussion:
            "A step is forward, backward and Adam, with a learning rate per block, for a batch of cached latents.")

    @OptionGroup var network: NetworkOptions

    @Option(help: "The first block that trains; by default the first of the network's last stage.")
    var from: String?

    @Option(help: "How many images a batch has.")
    var batch = 32

    @Option(help: "How many labels the linear head has.")
    var labels = 10

    @Option(help: "How many threads share the step.")
    var threads = 1

    @Option(help: "How many steps to time, after two that are not.")
    var runs = 10

    @Flag(help: "Time the steps of a whole tuning, which reads its latents from memory.")
    var tuning = false

    @Flag(help: "Print one line of JSON.")
    var json = false

    func validate() throws {
        if runs < 1 { throw ValidationError("--runs must be at least 1") }
        if !(1...256).contains(threads) { throw ValidationError("--threads must be in 1...256") }
        if !(1...1024).contains(batch) { throw ValidationError("--batch must be in 1...1024") }
        if !(2...10_000).contains(labels) { throw ValidationError("--labels must be in 2...10000") }
    }

    func run() async throws {
        let source = try network.source()
        let first = from ?? Self.lastStage[source.architecture.name] ?? ""
        guard let cut = source.architecture.blocks.firstIndex(where: { $0.name == first }) else {
            throw ValidationError("\(source.architecture.name) has no block called '\(first)'")
        }
        let pool = ComputePool(threads: threads, queueLimit: 0)
        let times = try await pool.run { [self] worker in
            tuning
                ? try timeTuning(source, cut: cut, by: worker) : try time(source, cut: cut, by: worker)
        }

        let result = TrainStepResult(
            arch: source.architecture.name, peer: "graftd", threads: threads, case: "cached input of \(first)",
            isa: source.instructionSet.rawValue, median_ms: rounded(times[times.count / 2]), min_ms: rounded(times[0]))
        if json {
            print(String(decoding: try JSONEncoder.sorted.encode(result), as: UTF8.self))
        } else {
            print(
                "\(result.arch) from \(first), \(threads) thread(s): median \(result.median_ms) ms, fastest "
                    + "\(result.min_ms) ms a step of \(batch) (\(result.isa))")
        }
    }

    /// The first block of the last stage, by architecture: what the scripts that time other libraries train.
    private static let lastStage = [
        "resnet18": "layer4.0", "resnet50": "layer4.0", "efficientnet_lite0": "blocks.11", "vgg16": "features.24",
    ]

    /// Milliseconds of each timed step, ascending.
    private func time(_ source: NetworkSource, cut: Int, by worker: Worker) throws -> [Double] {
        let head = TopHead(labelCount: labels)
        var generator = SystemRandomNumberGenerator()
        let top = try TrainableTop(
            Array(source.architecture.blocks[cut...]), latent: source.architecture.latent(before: cut), head: head,
            batch: batch, threads: threads, instructionSet: source.instructionSet
        ) { parameter in
            parameter.name.hasPrefix(TopHead.name)
                ? head.initialElements(
                    of: parameter, features: source.architecture.featureCount, using: &generator)
                : try source.elements(parameter)
        }
        let adam = Adam(top)
        let rates = top.groups.indices.map { 1e-4 * pow(1.5, Double($0)) }
        let latents = (0..<batch * top.latent.count).map { _ in Float.random(in: -1...1) }
        let answers = (0..<batch).map { _ in Int.random(in: 0..<labels) }
        func step() {
            _ = top.differentiate(latents.span, labels: answers, by: worker)
            adam.step(rates: rates, by: worker)
        }
        for _ in 0..<2 { step() }
        let clock = ContinuousClock()
        return (0..<runs).map { _ in clock.measure { step() } / .milliseconds(1) }.sorted()
    }

    /// The same of the steps of a tuning.
    private func timeTuning(_ source: NetworkSource, cut: Int, by worker: Worker) throws -> [Double] {
        let shape = source.architecture.latent(before: cut)
        let latents = HeldLatents(
            shape: shape, values: (0..<2 * batch * shape.count).map { _ in Float.random(in: -1...1) })
        let samples = TopTuning.Samples(
            labels: latents.rows.map { Int64($0 % labels) }, learned: latents.rows)
        var recipe = TuningRecipe()
        (recipe.batch, recipe.epochs, recipe.blockDecay) = (batch, (runs + 3) / 2, 0.7)
        let tuning = try TopTuning(
            recipe, blocks: Array(source.architecture.blocks[cut...]), instructionSet: source.instructionSet,
            elements: source.elements)
        var ends: [ContinuousClock.Instant] = []
        // What is timed may diverge: the numbers are random.
        _ = try? tuning.train(
            samples, latents: latents, seed: 1, by: worker, progress: { _ in ends.append(.now) })
        let times = zip(ends.dropFirst(), ends).dropFirst().map { ($0 - $1) / .milliseconds(1) }
        guard !times.isEmpty else { throw ValidationError("the first steps diverged: there is nothing to time") }
        return times.sorted()
    }
}

/// One line of output; the keys are those of the scripts that time other libraries.
private struct TrainStepResult: Encodable {
    let arch: String
    let peer: String
    let threads: Int
    let `case`: String
    let isa: String
    let median_ms: Double
    let min_ms: Double
}

/// Where the weights of a network come from.
struct NetworkSource: Sendable {
    let architecture: Architecture
    let instructionSet: InstructionSet
    let elements: @Sendable (Parameter) throws -> [Float]
}

extension NetworkOptions {
    func source() throws -> NetworkSource {
        let instructionSet = try InstructionSet.chosen(forced: ProcessInfo.processInfo.environment["GRAFTD_ISA"])
        if let backbone {
            let file = try SafetensorsFile(path: backbone)
            let name = try file.backboneMetadata().architecture
            guard let architecture = Architecture.named(name) else {
                throw ValidationError("the backbone's architecture is '\(name)', which this version does not know")
            }
            return NetworkSource(architecture: architecture, instructionSet: instructionSet) {
                try file.floats($0.name, shape: $0.shape)
            }
        }
        guard let architecture = Architecture.named(arch) else {
            throw ValidationError("no architecture is called \(arch)")
        }
        // How long a step takes does not depend on the numbers, as long as they neither die out nor overflow.
        return NetworkSource(architecture: architecture, instructionSet: instructionSet) { parameter in
            let count = parameter.shape.reduce(1, *)
            guard parameter.layout != .vector else { return [Float](repeating: 1, count: count) }
            let bound = (6 / Float(count / parameter.shape[0])).squareRoot()
            return (0..<count).map { (Float($0 &* 0x9E37_79B9 & 0xFFFF) / 32_768 - 1) * bound }
        }
    }
}
