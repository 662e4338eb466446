import ArgumentParser
import Foundation
import GraftAPI
import GraftClient
import GraftNetwork
import GraftTensor

struct BackbonePlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Show how a network is computed on this machine, layer by layer.",
        discussion: """
            Runs the network in this process and prints, for each layer, the shapes, the algorithm that was chosen for \
            this CPU, and the time. The network is an architecture, with weights that are random since times do not \
            depend on them, or a backbone.

            GFLOP/s count the operations of the layer's definition, two for each multiply-add; Winograd's algorithms \
            need fewer, so they can exceed what the CPU can do.

            Examples:
              graftctl backbone plan resnet50
              graftctl backbone plan efficientnet_lite0 --threads 2
              graftctl backbone plan ./state/backbones/shop/backbone.safetensors --json
            """)

    @OptionGroup var reference: BackboneReference
    @Option(help: "How many threads share a pass.") var threads = 1
    @Option(help: "The times are medians of this many passes.") var runs = 15
    @OptionGroup var output: JSONOption

    func validate() throws {
        guard (1...256).contains(threads) else { throw ValidationError("--threads must be in 1...256.") }
        guard runs >= 1 else { throw ValidationError("--runs must be at least 1.") }
    }

    func run() async throws {
        let backbone = try reference.load()
        let image = Tensor(zeros: backbone.inputShape)
        let pool = ComputePool(threads: threads, queueLimit: 0)
        let steps = try await pool.run { [threads, runs] worker in
            backbone.profile(image, in: backbone.makeWorkspaces(threads: threads), by: worker, runs: runs)
        }
        let plan = PlanRecord(backbone, threads: threads, steps: steps)
        output.json ? try Terminal.print(json: plan) : show(plan)
    }

    private func show(_ plan: PlanRecord) {
        var table = TextTable([
            .init("layer"), .number("in"), .number("out"), .init("algorithm"), .number("M multiply-adds"),
            .number("ms"), .number("GFLOP/s"),
        ])
        func number(_ value: Double, digits: Int) -> String { String(format: "%.\(digits)f", value) }
        for step in plan.steps {
            table.add(
                step.layer, text(step.input), text(step.output), step.algorithm,
                step.multiply_adds == 0 ? "" : number(Double(step.multiply_adds) / 1e6, digits: 1),
                number(step.ms, digits: 3), step.multiply_adds == 0 ? "" : number(step.gflops, digits: 0))
        }
        let (work, time) = (plan.steps.reduce(0) { $0 + $1.multiply_adds }, plan.steps.reduce(0) { $0 + $1.ms })
        table.add(
            "all", "", "", "", number(Double(work) / 1e6, digits: 1), number(time, digits: 3),
            number(2e-6 * Double(work) / time, digits: 0))
        Terminal.print(table)
        print(
            "\(plan.architecture) on \(plan.isa), \(plan.threads) thread(s); weights "
                + "\(plan.weights_bytes >> 20) MiB, \(plan.workspace_bytes >> 20) MiB of working memory a thread.")
    }

    private func text(_ shape: [Int]) -> String { shape.map(String.init).joined(separator: "x") }
}

/// What `--json` prints.
private struct PlanRecord: Encodable {
    struct Step: Encodable {
        let layer: String
        /// `[H, W, C]`
        let input: [Int]
        let output: [Int]
        let algorithm: String
        let multiply_adds: Int
        let ms: Double
        let gflops: Double
    }

    let architecture: String
    let isa: String
    let threads: Int
    let weights_bytes: Int
    let workspace_bytes: Int
    let steps: [Step]

    init(_ backbone: Backbone, threads: Int, steps: [StepProfile]) {
        architecture = backbone.architecture.name
        isa = backbone.instructionSet.rawValue
        self.threads = threads
        (weights_bytes, workspace_bytes) = backbone.byteCounts
        self.steps = steps.map {
            Step(
                layer: $0.layer, input: [$0.input.height, $0.input.width, $0.input.channels],
                output: [$0.output.height, $0.output.width, $0.output.channels], algorithm: $0.algorithm,
                multiply_adds: $0.multiplyAdds, ms: $0.time / .milliseconds(1), gflops: $0.gigaflops)
        }
    }
}
