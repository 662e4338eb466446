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

    func load() throws -> Backbone {
        if let backbone { return try Backbone(file: SafetensorsFile(path: backbone)) }
        return try withRandomWeights()
    }

    /// How long a pass takes does not depend on the values of the weights.
    private func withRandomWeights() throws -> Backbone {
        guard let architecture = Architecture.named(arch) else {
            throw ValidationError("no architecture is called \(arch)")
        }
        let forced = ProcessInfo.processInfo.environment["GRAFTD_ISA"]
        let instructionSet = try InstructionSet.chosen(forced: forced)
        var generator = SystemRandomNumberGenerator()
        return Backbone(architecture: architecture, fingerprint: "random", instructionSet: instructionSet) {
            parameter in
            // Variances must be positive, and weights small enough that nothing overflows.
            let range: ClosedRange<Float> = parameter.name.hasSuffix(".variance") ? 0.5...1.5 : -0.1...0.1
            return (0..<parameter.shape.reduce(1, *)).map { _ in Float.random(in: range, using: &generator) }
        }
    }

    /// An image of noise.
    func image(for backbone: Backbone) -> Tensor {
        let count = backbone.inputShape.reduce(1, *)
        return Tensor(shape: backbone.inputShape, elements: (0..<count).map { _ in .random(in: -1...1) })
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
