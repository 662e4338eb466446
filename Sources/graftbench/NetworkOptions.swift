import ArgumentParser
import Foundation
import GraftCheckpoint
import GraftNetwork
import GraftTensor

/// Which network a benchmark runs.
struct NetworkOptions: ParsableArguments {
    @Option(
        help: "The architecture, if no backbone file is given: \(Architecture.all.map(\.name).joined(separator: ", "))."
    )
    var arch = Architecture.all[0].name

    @Option(help: "A backbone file; else the weights are random.", completion: .file())
    var backbone: String?

    /// - Parameter side: pixels; only with random weights. nil for the side that the network was trained with.
    func load(side: Int? = nil) throws -> Backbone {
        if let backbone { return try Backbone(file: SafetensorsFile(path: backbone)) }
        guard let architecture = Architecture.named(arch) else {
            throw ValidationError("no architecture is called \(arch)")
        }
        return Backbone(
            randomWeightsFor: architecture, side: side,
            instructionSet: try .chosen(forced: ProcessInfo.processInfo.environment["GRAFTD_ISA"]))
    }

    /// An image of noise.
    func image(for backbone: Backbone) -> Tensor {
        let count = backbone.inputShape.reduce(1, *)
        return Tensor(shape: backbone.inputShape, elements: (0..<count).map { _ in .random(in: -1...1) })
    }
}

extension NetworkOptions {
    /// Writes a file of random weights of the architecture.
    func writeRandomBackbone(to path: String) throws {
        guard let architecture = Architecture.named(arch) else {
            throw ValidationError("no architecture is called \(arch)")
        }
        var weights = StateDict()
        for parameter in architecture.parameters {
            weights.add(StateTensor(shape: parameter.shape, floats: parameter.randomElements()), as: parameter.name)
        }
        let metadata = BackboneMetadata(
            architecture: architecture.name, preprocessing: architecture.preprocessingJSON, source: "random",
            sourceSHA256: SHA256Digest(bytes: [UInt8](repeating: 0, count: 32)), weights: weights)
        try SafetensorsWriter.write(weights, metadata: metadata.entries, to: path)
    }
}

extension JSONEncoder {
    /// Keys in alphabetical order, so that lines can be compared.
    static var sorted: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        return encoder
    }
}
