import Foundation
import GraftCheckpoint
import GraftImage
import GraftImport
import GraftNetwork
import TestSupport
import Testing

/// How an imported backbone's images are prepared.
@Suite struct PreprocessingTests {
    private let folder: TemporaryFolder

    /// A checkpoint of VGG11 beside which nothing lies yet.
    init() throws {
        folder = try TemporaryFolder()
        var stateDict = StateDict()
        for parameter in Architecture.vgg11.parameters {
            var shape = parameter.shape
            if parameter.layout != .vector { shape = [shape[0], shape[3], shape[1], shape[2]] }
            stateDict.add(
                StateTensor(shape: shape, floats: [Float](repeating: 0.5, count: parameter.count)),
                as: parameter.sources[0].name)
        }
        try SafetensorsWriter.write(stateDict, to: checkpoint)
    }

    private var checkpoint: String { folder.file("model.safetensors").path }

    private func imported(_ change: (inout ImportOptions) -> Void = { _ in }) throws -> Preprocessing {
        var options = ImportOptions()
        change(&options)
        let output = folder.file("backbone.safetensors").path
        let imported = try importBackbone(from: checkpoint, options, to: output)
        // What is written is what is said.
        let written = try Architecture(SafetensorsFile(path: output).backboneMetadata())
        #expect(written.preprocessing == imported.architecture.preprocessing)
        return imported.architecture.preprocessing
    }

    private func write(_ name: String, _ json: String) throws -> String {
        let path = folder.file(name).path
        try Data(json.utf8).write(to: URL(filePath: path))
        return path
    }

    @Test func itIsTheArchitecturesCustom() throws {
        #expect(try imported() == Architecture.vgg11.preprocessing)
    }

    @Test func optionsAreStronger() throws {
        let found = try imported {
            $0.preprocessing.side = 96
            $0.preprocessing.mean = [0.1, 0.2, 0.3]
            $0.preprocessing.standardDeviation = [0.4, 0.5, 0.6]
            $0.preprocessing.channelOrder = .bgr
            $0.preprocessing.interpolation = .bicubic
        }
        // The border stays in proportion; colours are in the order of the tensor's channels.
        #expect(
            found
                == Preprocessing(
                    resizeShorterSide: 109, cropSide: 96, interpolation: .bicubic, channelOrder: .bgr,
                    mean: [0.3, 0.2, 0.1], standardDeviation: [0.6, 0.5, 0.4]))
        // What was not said goes along with the channels.
        let flipped = try imported { $0.preprocessing.channelOrder = .bgr }
        #expect(flipped.mean == Architecture.vgg11.preprocessing.mean.reversed())
    }

    /// As timm publishes it, with what does not matter here left out.
    private static let timm = """
        {"architecture": "vgg11", "num_classes": 1000, "pretrained_cfg": {"input_size": [3, 192, 192], \
        "interpolation": "bicubic", "crop_pct": 0.95, "crop_mode": "border", "mean": [0.5, 0.25, 0.125], \
        "std": [0.5, 0.5, 1.0]}}
        """

    @Test func timmsConfigurationBesideTheFileIsRead() throws {
        _ = try write("config.json", Self.timm)
        let expected = Preprocessing(
            resizeShorterSide: 202, cropSide: 192, interpolation: .bicubic, channelOrder: .rgb,
            mean: [0.5, 0.25, 0.125], standardDeviation: [0.5, 0.5, 1])
        #expect(try imported() == expected)
        #expect(try imported { $0.preprocessing.side = 64 }.cropSide == 64)
        #expect(try imported { $0.configurations = [] } == Architecture.vgg11.preprocessing)
        let report = try importBackbone(from: checkpoint, to: folder.file("b").path).report
        #expect(report.notes.contains { $0.contains("'border'") })
    }

    @Test(arguments: [
        (
            #"{"do_resize":true,"size":{"shortest_edge":232},"do_center_crop":true,"crop_size":{"height":200,"width":200},"image_mean":[0.5,0.5,0.5],"image_std":[0.25,0.25,0.25],"resample":3,"do_normalize":true}"#,
            Preprocessing(
                resizeShorterSide: 232, cropSide: 200, interpolation: .bicubic, channelOrder: .rgb,
                mean: [0.5, 0.5, 0.5], standardDeviation: [0.25, 0.25, 0.25])
        ),
        (
            #"{"size":160,"do_center_crop":false,"image_mean":[0.5,0.5,0.5],"image_std":[0.5,0.5,0.5],"resample":2}"#,
            Preprocessing(
                resizeShorterSide: 160, cropSide: 160, interpolation: .bilinear, channelOrder: .rgb,
                mean: [0.5, 0.5, 0.5], standardDeviation: [0.5, 0.5, 0.5])
        ),
        (
            #"{"size":{"height":128,"width":128},"do_normalize":false}"#,
            Preprocessing(
                resizeShorterSide: 128, cropSide: 128, interpolation: .bilinear, channelOrder: .rgb,
                mean: [0, 0, 0], standardDeviation: [1, 1, 1])
        ),
    ])
    func transformersConfigurationIsRead(_ json: String, _ expected: Preprocessing) throws {
        let path = try write("elsewhere.json", json)
        #expect(try imported { $0.configurations = [path] } == expected)
    }

    @Test(arguments: [
        "", "[1]", "{}", #"{"pretrained_cfg":{"input_size":[3,192,224]}}"#,
        #"{"pretrained_cfg":{"interpolation":"lanczos"}}"#, #"{"size":224,"resample":1}"#,
        #"{"pretrained_cfg":{"input_size":[3,-5,-5]}}"#, #"{"size":100000}"#,
        #"{"size":224,"image_mean":[1000,2,3]}"#, #"{"size":224,"image_std":[0,0,0]}"#,
    ])
    func aConfigurationThatCannotBeFollowedIsAnError(_ json: String) throws {
        let path = try write("elsewhere.json", json)
        let error = #expect(throws: ImportError.self) { try imported { $0.configurations = [path] } }
        switch error {
        case .badConfiguration(path, _), .badPreprocessing: break
        default: throw error!
        }
    }

    @Test func aFileBesideThatIsSomethingElseIsNotUsed() throws {
        _ = try write("config.json", #"{"compilerOptions": {}}"#)
        let imported = try importBackbone(from: checkpoint, to: folder.file("b").path)
        #expect(imported.architecture.preprocessing == Architecture.vgg11.preprocessing)
        #expect(imported.report.notes.contains { $0.contains("config.json") && $0.contains("not used") })
    }

    @Test func whatNoNetworkExpectsIsRefused() throws {
        for change: (inout PreprocessingChanges) -> Void in [
            { $0.side = 0 }, { $0.side = 5000 }, { $0.resizedSide = 100 }, { $0.mean = [123.7, 116.3, 103.5] },
            { $0.standardDeviation = [58, 57, 57] }, { $0.standardDeviation = [1, 1, 0] }, { $0.mean = [.nan, 0, 0] },
            // Five poolings leave nothing of it.
            { $0.side = 31 },
        ] {
            let error = #expect(throws: ImportError.self) { try imported { change(&$0.preprocessing) } }
            guard case .badPreprocessing = error else { throw error! }
        }
        #expect(try imported { $0.preprocessing.side = 32 }.cropSide == 32)
    }
}
