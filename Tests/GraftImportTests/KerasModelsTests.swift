import Foundation
import GraftCheckpoint
import GraftImport
import GraftNetwork
import GraftTensor
import TestSupport
import Testing

/// What `Tests/Peers/keras_models.py` has made.
private let folder = ProcessInfo.processInfo.environment["GRAFTD_TEST_KERAS"].map { URL(filePath: $0) }

@Suite(.enabled(if: folder != nil, "GRAFTD_TEST_KERAS must be a folder that Tests/Peers/keras_models.py has made"))
struct KerasModelsTests {
    private struct Model: Decodable {
        let architecture: String
        let files: [String]
        let features: [Double]
        /// What Keras makes of pixels of 0 and of 255.
        let black: [Float]
        let white: [Float]
        let channelOrder: String
    }

    @Test func featuresOfEveryFileEqualKeras() throws {
        let temporary = try TemporaryFolder()
        let data = try Data(contentsOf: folder!.appending(path: "models.json"))
        let pixels = try Data(contentsOf: folder!.appending(path: "image.f32")).withUnsafeBytes {
            Array($0.bindMemory(to: Float.self))
        }
        for model in try JSONDecoder().decode([Model].self, from: data) {
            for file in model.files {
                let output = temporary.file("backbone.safetensors").path
                let imported = try importBackbone(from: folder!.appending(path: file).path, to: output)
                let report = imported.report
                #expect(imported.architecture.name == model.architecture, "\(file)")
                #expect(report.isComplete && report.unexpected.isEmpty, "\(file): \(report)")
                #expect(report.unusedClassifier.isEmpty == !file.contains("top.weights"), "\(file): \(report)")
                let backbone = try Backbone(file: SafetensorsFile(path: output))
                let image = Tensor(shape: backbone.inputShape, elements: pixels)
                let features = backbone.features(of: image, in: backbone.makeWorkspaces())
                let cosine = cosine(features.map(Double.init), model.features)
                print(file, "matched", report.matched.count, "cosine", cosine)
                // What is promised; both compute in 32-bit.
                #expect(cosine >= 0.99999, "\(file)")
                #expect(features.count == model.features.count)

                let preprocessing = backbone.preprocessing
                #expect(preprocessing.channelOrder.rawValue == model.channelOrder)
                for c in 0..<3 {
                    let black = -preprocessing.mean[c] / preprocessing.standardDeviation[c]
                    let white = (1 - preprocessing.mean[c]) / preprocessing.standardDeviation[c]
                    // Of numbers up to 255, in 32-bit.
                    #expect(abs(black - model.black[c]) < 1e-4 && abs(white - model.white[c]) < 1e-4)
                }
            }
        }
    }

    private func cosine(_ a: [Double], _ b: [Double]) -> Double {
        func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
        return dot(a, b) / (dot(a, a) * dot(b, b)).squareRoot()
    }
}
