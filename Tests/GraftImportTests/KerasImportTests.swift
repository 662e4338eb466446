import Foundation
import GraftCheckpoint
import GraftImage
import GraftImport
import GraftNetwork
import TestSupport
import Testing

/// Checkpoints with Keras' names and layouts, as a state dict holds them whatever file they come from.
@Suite struct KerasImportTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// Where a parameter is: `names` are the layers' own, else those that Keras numbers.
    private func source(_ parameter: Parameter, names: Bool, kernel: String) -> String? {
        let numbered = ["conv2d", "depthwise_conv2d", "batch_normalization"]
        return parameter.sources.map(\.name).first { name in
            let layer = name.prefix { $0 != "/" }
            return name.contains("/") && numbered.contains { layer == $0 || layer.hasPrefix("\($0)_") } != names
                && (parameter.layout != .depthwise || name.hasSuffix("/\(kernel)"))
        }
    }

    /// Elements that tell their place in Keras' layout, small enough to be exact.
    private func checkpoint(_ architecture: Architecture, names: Bool, kernel: String) throws -> String {
        var stateDict = StateDict()
        for parameter in architecture.parameters {
            let name = try #require(source(parameter, names: names, kernel: kernel))
            let (o, h, w, i) =
                parameter.layout == .vector
                ? (parameter.shape[0], 0, 0, 0)
                : (parameter.shape[0], parameter.shape[1], parameter.shape[2], parameter.shape[3])
            let shape =
                switch parameter.layout {
                case .vector: [o]
                case .depthwise: [h, w, o, 1]
                case .convolution: [h, w, i, o]
                }
            stateDict.add(StateTensor(shape: shape, floats: (0..<parameter.count).map { Float($0 % 1021) }), as: name)
        }
        stateDict.add(StateTensor(shape: [1], floats: [0]), as: "predictions/bias")
        stateDict.add(StateTensor(shape: [1], floats: [0]), as: "dense_3/kernel")
        stateDict.add(StateTensor(shape: [1], floats: [0]), as: "extra/kernel")
        let path = folder.file("source.safetensors").path
        try SafetensorsWriter.write(stateDict, to: path)
        return path
    }

    @Test(arguments: [(true, "depthwise_kernel"), (true, "kernel"), (false, "kernel")])
    func everyNamingIsImported(names: Bool, kernel: String) throws {
        let architecture = Architecture.mobileNetV2Keras
        let output = folder.file("backbone.safetensors").path
        let imported = try importBackbone(
            from: try checkpoint(architecture, names: names, kernel: kernel), to: output)
        let report = imported.report
        #expect(imported.architecture.name == architecture.name)
        #expect(report.matched.count == architecture.parameters.count)
        #expect(report.unusedClassifier == ["predictions/bias", "dense_3/kernel"])
        #expect(report.unexpected == ["extra/kernel"])

        let file = try SafetensorsFile(path: output)
        for parameter in architecture.parameters where parameter.layout != .vector {
            let (o, places, i) = (parameter.shape[0], parameter.shape[1] * parameter.shape[2], parameter.shape[3])
            let found = try file.floats(parameter.name, shape: parameter.shape)
            // The filters are the columns of what Keras holds.
            let misplaced = found.indices.first { n in
                let (filter, element) = (n / (places * i), n % (places * i))
                return found[n] != Float((element * o + filter) % 1021)
            }
            #expect(misplaced == nil, "\(parameter.name)")
        }
    }

    /// Every architecture that has names of Keras' has one for each parameter, and one number.
    @Test(arguments: Architecture.all.filter { $0.parameters[0].sources.contains { $0.framework == .keras } })
    func namesAreComplete(_ architecture: Architecture) throws {
        for names in [true, false] {
            let sources = architecture.parameters.map { source($0, names: names, kernel: "kernel") }
            #expect(!sources.contains(nil))
            #expect(Set(sources).count == sources.count)
        }
    }

    /// As keras.applications' `preprocess_input` has it, in its mode "caffe".
    @Test func imagesAreThoseOfTheFrameworkThatTrained() throws {
        let output = folder.file("backbone.safetensors").path
        let path = try checkpoint(.vgg11, names: true, kernel: "kernel")
        _ = try importBackbone(from: path, to: output)
        let text = try SafetensorsFile(path: output).backboneMetadata().preprocessing
        let preprocessing = try JSONDecoder().decode(Preprocessing.self, from: Data(text.utf8))
        #expect(preprocessing.channelOrder == .bgr)
        let means: [Float] = [103.939, 116.779, 123.68]
        for c in 0..<3 {
            // What a pixel of 128 becomes, of numbers up to 255 in 32-bit.
            let value = (128 / 255 - preprocessing.mean[c]) / preprocessing.standardDeviation[c]
            #expect(abs(value - (128 - means[c])) < 1e-4)
        }
        #expect(Architecture.vgg11.preprocessing.channelOrder == .rgb)
    }
}
