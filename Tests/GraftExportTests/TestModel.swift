import Foundation
import GraftCheckpoint
import GraftExport
import GraftImage
import GraftLearning
import GraftNetwork
import TestSupport

/// A version as the daemon sends it, made up.
struct TestModel {
    static let labels = ["cat", "dog \"Rex\"", "Ünïcödé"]

    let architecture: Architecture
    let weights: StateDict
    let head: LinearHead
    /// A head with a hidden layer, which then answers instead.
    var hidden: MLPHead?
    /// The parameters that the version has of its own, by name.
    var own: [String: [Float]] = [:]
    var sourceNames: SourceNames?

    init(_ architecture: Architecture, space: FeatureSpace = .roots, sourceNames: SourceNames? = nil) {
        self.architecture = architecture
        self.sourceNames = sourceNames
        weights = architecture.parameters.reduce(into: StateDict()) { weights, parameter in
            weights.add(
                StateTensor(shape: parameter.shape, floats: Self.elements(of: parameter)), as: parameter.name)
        }
        let count = architecture.featureCount
        let weight = Self.numbers("head", count: 3 * count).map { $0 / 20 }
        head = LinearHead(
            labels: [2, 3, 5], featureCount: count, space: space, weights: weight, bias: [0.5, -0.25, 0],
            temperature: 0.7)
    }

    /// The same with a head that has a hidden layer, and weights of its own for the blocks from `cut` on.
    func tuned(from cut: Int) -> TestModel {
        var model = self
        let (count, width) = (architecture.featureCount, 4)
        model.hidden = MLPHead(
            labels: head.labels, featureCount: count, space: head.space,
            hiddenWeights: Self.numbers("hidden", count: width * count).map { $0 / 10 },
            hiddenBias: [0.5, 0, -0.1, 0.2],
            weights: Self.numbers("output", count: 3 * width), bias: [0.5, -0.25, 0], temperature: 0.7)
        for parameter in architecture.blocks[cut...].flatMap(\.parameters) {
            model.own[parameter.name] = Self.elements(of: parameter).map { $0 * 0.875 }
        }
        return model
    }

    var versionHead: VersionHead { hidden.map(VersionHead.mlp) ?? .linear(head) }

    /// What the version computes with.
    func elements(_ parameter: Parameter) -> [Float] { own[parameter.name] ?? Self.elements(of: parameter) }

    /// Different for every parameter, and such that activations stay near 1.
    static func elements(of parameter: Parameter) -> [Float] {
        let numbers = numbers(parameter.name, count: parameter.count)
        switch parameter.name.split(separator: ".").last! {
        case "gamma", "variance": return numbers.map { 1 + $0 / 2 }
        case "weight":
            let scale = (6 / Float(parameter.count / parameter.shape[0])).squareRoot()
            return numbers.map { $0 * scale }
        default: return numbers
        }
    }

    /// In -1 ..< 1, the same for the same `name`.
    static func numbers(_ name: String, count: Int) -> [Float] {
        var generator = SeededGenerator(seed: name.utf8.reduce(7) { $0 &* 31 &+ UInt64($1) })
        return (0..<count).map { _ in Float(Int32(truncatingIfNeeded: generator.next() >> 32)) / 0x1p31 }
    }

    var backbone: BackboneMetadata {
        let isKnown = Architecture.named(architecture.name) != nil
        return BackboneMetadata(
            architecture: architecture.name,
            graph: isKnown ? nil : NetworkDescription(blocks: architecture.blocks).json,
            preprocessing: architecture.preprocessingJSON, source: "source.pth", sourceSHA256: sha256(of: []),
            sourceNames: sourceNames, weights: weights)
    }

    /// Writes the file; `change` may spoil it.
    func write(to path: String, changing change: (inout [String: String]) -> Void = { _ in }) throws {
        let metadata = ModelMetadata(
            version: 4, revision: 17, labels: Self.labels, missingLabels: ["new"], backbone: backbone.entries)
        var tensors = versionHead.stateDict()
        for parameter in architecture.parameters {
            guard let elements = own[parameter.name] else { continue }
            tensors.add(
                StateTensor(shape: parameter.shape, floats: elements), as: ModelMetadata.topPrefix + parameter.name)
        }
        for name in weights.names { tensors.add(weights[name]!, as: ModelMetadata.backbonePrefix + name) }
        var entries = metadata.entries.merging(head.metadata) { $1 }
        change(&entries)
        try SafetensorsWriter.write(tensors, metadata: entries, to: path)
    }

    func exported(in folder: TemporaryFolder) throws -> ExportedModel {
        let path = folder.file("received.safetensors").path
        try write(to: path)
        return try ExportedModel(path: path)
    }
}
