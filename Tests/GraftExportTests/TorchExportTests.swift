import Foundation
import GraftCheckpoint
import GraftExport
import GraftImport
import GraftLearning
import GraftNetwork
import TestSupport
import Testing

@Suite struct TorchExportTests {
    private let folder: TemporaryFolder
    private var path: String { folder.file("exported.safetensors").path }

    init() throws { folder = try TemporaryFolder() }

    /// Of `architecture`, the names that the checkpoints of its `source`-th family have.
    private static func names(_ architecture: Architecture, source: Int, classifier: String?) -> SourceNames {
        SourceNames(
            layout: .torch,
            parameters: Dictionary(
                uniqueKeysWithValues: architecture.parameters.map { ($0.name, $0.sources[source].name) }),
            counters: ["bn1.num_batches_tracked": 123], classifier: classifier)
    }

    /// Both naming families of EfficientNet-Lite0 (`nil`: no names were kept), a ResNet, a VGG with biases, and one with
    /// biases and normalisation.
    @Test(
        arguments: [
            ("efficientnet_lite0", nil, "_fc"), ("efficientnet_lite0", 1, "classifier"), ("resnet18", 0, "fc"),
            ("vgg11", nil, "classifier"), ("vgg11_bn", nil, "classifier"),
        ] as [(String, Int?, String)])
    func theExportImportsAsTheSameBackbone(name: String, source: Int?, classifier: String) throws {
        let architecture = try #require(Architecture.named(name))
        let model = TestModel(
            architecture, sourceNames: source.map { Self.names(architecture, source: $0, classifier: classifier) })
        try TorchExport(try model.exported(in: folder)).write(to: path)
        let canonical = folder.file("canonical.safetensors").path
        _ = try importBackbone(from: path, ImportOptions(architecture: architecture.name), to: canonical)
        let file = try SafetensorsFile(path: canonical)
        #expect(try file.backboneMetadata().fingerprint == model.backbone.fingerprint)

        let exported = try SafetensorsFile(path: path)
        let expected = Set(architecture.parameters.map { $0.sources[source ?? 0].name })
        let others = Set(exported.names).subtracting(expected).filter { !$0.hasSuffix("num_batches_tracked") }
        #expect(others == ["\(classifier).weight", "\(classifier).bias"])
    }

    @Test func aTunedVersionHasItsOwnWeightsAndAHeadOfTwoLayers() throws {
        let architecture = Architecture.resNet18
        let cut = try #require(architecture.blocks(named: "layer4")).lowerBound
        let model = TestModel(architecture, space: .plain).tuned(from: cut)
        let export = TorchExport(try model.exported(in: folder))
        try export.write(to: path)
        let file = try SafetensorsFile(path: path)
        for parameter in architecture.parameters where parameter.shape.count == 1 {
            let name = parameter.sources[0].name
            #expect(try file.floats(name, shape: parameter.shape) == model.elements(parameter), "\(name)")
        }
        let hidden = try #require(model.hidden)
        #expect(try file.floats("fc.0.weight", shape: [4, 512]) == hidden.hiddenWeights)
        #expect(try file.floats("fc.0.bias", shape: [4]) == hidden.hiddenBias)
        #expect(try file.floats("fc.2.weight", shape: [3, 4]) == hidden.weights.map { $0 / hidden.temperature })
        #expect(try file.floats("fc.2.bias", shape: [3]) == hidden.bias.map { $0 / hidden.temperature })
        #expect(export.snippet(path: path).contains("torch.nn.Sequential(torch.nn.Linear(512, 4), torch.nn.ReLU(), "))
    }

    /// A checkpoint without its top, say: what it did not name is called as its own family calls it.
    @Test func whatTheSourceDidNotNameIsCalledAsInItsFamily() throws {
        let architecture = Architecture.efficientNetLite0
        let timm = Self.names(architecture, source: 1, classifier: "classifier").parameters
        let partial = SourceNames(layout: .torch, parameters: timm.filter { !$0.key.hasPrefix("final") })
        let model = TestModel(architecture, sourceNames: partial)
        try TorchExport(try model.exported(in: folder)).write(to: path)
        #expect(try SafetensorsFile(path: path).shape(of: "conv_head.weight") == [1280, 320, 1, 1])
    }

    @Test func filtersHaveTheirInputChannelsFirst() throws {
        let model = TestModel(.resNet18)
        try TorchExport(try model.exported(in: folder)).write(to: path)
        let found = try SafetensorsFile(path: path).floats("conv1.weight", shape: [64, 3, 7, 7])
        let canonical = model.weights["stem.conv1.weight"]!.floats()
        for (o, i, y, x) in [(0, 0, 0, 0), (1, 2, 3, 4), (63, 1, 6, 0)] {
            #expect(found[((o * 3 + i) * 7 + y) * 7 + x] == canonical[((o * 7 + y) * 7 + x) * 3 + i])
        }
    }

    @Test func everyNormalisationHasItsCounter() throws {
        let model = TestModel(.resNet18, sourceNames: Self.names(.resNet18, source: 0, classifier: "fc"))
        try TorchExport(try model.exported(in: folder)).write(to: path)
        let file = try SafetensorsFile(path: path)
        let counters = file.names.filter { $0.hasSuffix(".num_batches_tracked") }
        #expect(counters.count == 20)
        // As the source had it, and 0 where it had none; scalars, as PyTorch keeps them.
        #expect(try file.integers("bn1.num_batches_tracked", shape: []) == [123])
        #expect(try file.integers("layer4.1.bn2.num_batches_tracked", shape: []) == [0])
    }

    @Test(arguments: FeatureSpace.allCases)
    func theHeadIsDividedByItsTemperature(space: FeatureSpace) throws {
        let model = TestModel(.resNet18, space: space)
        let export = TorchExport(try model.exported(in: folder))
        try export.write(to: path)
        let file = try SafetensorsFile(path: path)
        #expect(
            try file.floats("fc.weight", shape: [3, 512]) == model.head.weights.map { $0 / model.head.temperature })
        #expect(try file.floats("fc.bias", shape: [3]) == model.head.bias.map { $0 / model.head.temperature })
        #expect(file.metadata["head.features"] == space.rawValue)
        #expect(export.snippet(path: "a").contains("RootLinear") == (space == .roots))
    }

    @Test func theFileSaysWhatItIs() throws {
        let model = TestModel(.resNet18)
        try TorchExport(try model.exported(in: folder)).write(to: path)
        let metadata = try SafetensorsFile(path: path).metadata
        #expect(try JSONDecoder().decode([String].self, from: Data(metadata["labels"]!.utf8)) == TestModel.labels)
        #expect(metadata["format"] == "pt")
        #expect(metadata["version"] == "4" && metadata["revision"] == "17")
        #expect(metadata["preprocessing"] == Architecture.resNet18.preprocessingJSON)
        #expect(metadata["fingerprint"] == model.backbone.fingerprint)
    }

    @Test func whatComesFromNoPyTorchModuleHasCanonicalNames() throws {
        let model = TestModel(TestNetwork.architecture)
        let export = TorchExport(try model.exported(in: folder))
        try export.write(to: path)
        let names = Set(try SafetensorsFile(path: path).names)
        #expect(names == Set(TestNetwork.architecture.parameters.map(\.name) + ["head.weight", "head.bias"]))
        #expect(export.origin.contains("graftd's own"))
    }
}

@Suite struct ExportedModelTests {
    private let folder: TemporaryFolder
    private var path: String { folder.file("received.safetensors").path }

    init() throws { folder = try TemporaryFolder() }

    @Test func aSpoiledFileIsRefused() throws {
        let model = TestModel(.resNet18)
        func refused(_ key: String, _ value: String?) throws -> ExportError? {
            try? FileManager.default.removeItem(atPath: path)
            try model.write(to: path) { $0[key] = value }
            return #expect(throws: ExportError.self) { try ExportedModel(path: path) }
        }
        #expect(try refused("format", nil) == .checkpoint(.missingMetadata(key: "format")))
        #expect(
            try refused("format", "graftd-model-9")
                == .checkpoint(.unknownFormat(expected: "graftd-model-1", found: "graftd-model-9")))
        #expect(try refused("labels", "[\"cat\"]") == .labelCount(names: 1, rows: 3))
        #expect(try refused("labels", "cat") == .checkpoint(.malformed(detail: "'labels' is no list of names")))
        #expect(try refused("version", "four") == .checkpoint(.malformed(detail: "'version' is no whole number")))
        #expect(
            try refused("head.features", "cubes")
                == .checkpoint(.malformed(detail: "the head is over features called 'cubes'")))
        // Both are part of the fingerprint.
        #expect(try refused("backbone.architecture", "resnet1") != nil)
        #expect(try refused("backbone.preprocessing", "{}") != nil)
    }

    @Test func weightsThatWereChangedOnTheWayAreNoticed() throws {
        try TestModel(.resNet18).write(to: path)
        var bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
        bytes[bytes.count / 2] ^= 1
        try Data(bytes).write(to: URL(filePath: path))
        let error = #expect(throws: ExportError.self) { try ExportedModel(path: path) }
        guard case .checkpoint(.fingerprintMismatch) = error else {
            Issue.record("expected a fingerprint that differs, found \(String(describing: error))")
            return
        }
        try Data(bytes.dropLast(3)).write(to: URL(filePath: path))
        #expect(throws: ExportError.self) { try ExportedModel(path: path) }
    }
}
