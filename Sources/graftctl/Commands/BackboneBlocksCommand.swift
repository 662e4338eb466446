import ArgumentParser
import Foundation
import GraftAPI
import GraftClient
import GraftNetwork
import GraftTensor

struct BackboneBlocksCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "blocks",
        abstract: "List the blocks of a network: the places where it can be cut.",
        discussion: """
            What lies before a cut is the trunk: it stays as it is, and its output, the latent, can be kept for each \
            sample, so that training passes only the top. The star marks the first block of the top unless another is \
            chosen. A stage's name means all its blocks: layer4 stands for layer4.0, layer4.1 and so on.

            The share of the time is that of one pass on one thread of this machine. A latent takes a byte for each \
            element.

            Examples:
              graftctl backbone blocks resnet50
              graftctl backbone blocks shop --state ./state --json
            """)

    @OptionGroup var reference: BackboneReference
    @Option(help: "The times are medians of this many passes.") var runs = 5
    @OptionGroup var output: JSONOption

    func validate() throws {
        guard runs >= 1 else { throw ValidationError("--runs must be at least 1.") }
    }

    func run() async throws {
        let backbone = try reference.load()
        let image = Tensor(zeros: backbone.inputShape)
        let steps = backbone.profile(image, in: backbone.makeWorkspaces(), runs: runs)
        let list = BlockList(backbone.architecture, steps: steps)
        if output.json { return try Terminal.print(json: list) }
        var table = TextTable([
            .init(""), .init("block"), .number("output"), .number("parameters"), .number("time"),
            .number("latent bytes"),
        ])
        for block in list.blocks {
            table.add(
                block.name == list.default_cut ? "*" : "", block.name,
                block.output.map(String.init).joined(separator: "x"), "\(block.parameters)",
                Words.percent(block.time_share), "\(block.latent_bytes)")
        }
        Terminal.print(table)
        print(
            "\(list.architecture): \(Words.count(list.blocks.count, "block")), images of \(list.image_side) x "
                + "\(list.image_side), \(list.features) features.")
    }
}

/// What `--json` prints.
private struct BlockList: Encodable {
    struct Entry: Encodable {
        let name: String
        /// `[H, W, C]`
        let output: [Int]
        let parameters: Int
        let time_share: Double
        let latent_bytes: Int
        let trainable: Bool
    }

    let architecture: String
    let image_side: Int
    let features: Int
    let default_cut: String
    let blocks: [Entry]

    init(_ architecture: Architecture, steps: [StepProfile]) {
        self.architecture = architecture.name
        image_side = architecture.preprocessing.cropSide
        features = architecture.featureCount
        default_cut = architecture.blocks[architecture.defaultCut].name
        let all = steps.reduce(Duration.zero) { $0 + $1.time }
        let times = Dictionary(grouping: steps, by: \.block).mapValues { $0.reduce(Duration.zero) { $0 + $1.time } }
        blocks = architecture.blocks.enumerated().map { b, block in
            let shape = architecture.latent(before: b + 1)
            return Entry(
                name: block.name, output: [shape.height, shape.width, shape.channels],
                parameters: block.parameters.reduce(0) { $0 + $1.count },
                time_share: (times[block.name] ?? .zero) / all, latent_bytes: shape.count,
                trainable: block.isTrainable)
        }
    }
}
