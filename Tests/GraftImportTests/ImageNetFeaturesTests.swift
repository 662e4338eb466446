import Foundation
import GraftCheckpoint
import GraftImage
import GraftImport
import GraftNetwork
import TestSupport
import Testing

/// The checkpoints of EfficientNet-Lite0, 1 and 2.
private let weightPaths = ["", "_LITE1", "_LITE2"].compactMap {
    ProcessInfo.processInfo.environment["GRAFTD_TEST_WEIGHTS\($0)"]
}
private let images = "/usr/share/openclipart/png"

/// From the image's file to the features, with real weights and real images, against PyTorch and Pillow.
@Suite(
    .enabled(
        if: weightPaths.count == 3 && FileManager.default.fileExists(atPath: images),
        "needs GRAFTD_TEST_WEIGHTS, _LITE1 and _LITE2 (./deploy/test sets them) and Debian's openclipart-png"))
struct ImageNetFeaturesTests {
    @Test(arguments: 0...2) func featuresOf24RealImagesEqualPyTorchs(number: Int) throws {
        let folder = try TemporaryFolder()
        let path = folder.file("backbone.safetensors").path
        let report = try importBackbone(from: weightPaths[number], to: path).report
        #expect(report.architecture == "efficientnet_lite\(number)" && report.unexpected.isEmpty)
        let backbone = try Backbone(file: SafetensorsFile(path: path))
        let workspaces = backbone.makeWorkspaces()
        // Tests/Fixtures/imagenet/make.py recorded them.
        let recorded = try Fixture.bytes("imagenet/lite\(number).f16").withUnsafeBytes {
            Array($0.bindMemory(to: Float16.self))
        }
        let names = try String(contentsOf: Fixture.url("imagenet/images.txt"), encoding: .utf8).split(separator: "\n")
        #expect(names.count == 24)
        for (index, name) in names.enumerated() {
            let bytes = [UInt8](try Data(contentsOf: URL(filePath: "\(images)/\(name)")))
            let input = try preprocess(bytes.span, declared: nil, using: backbone.preprocessing)
            let features = backbone.features(of: input, in: workspaces)
            let expected = recorded[index * 1280..<(index + 1) * 1280].map(Double.init)
            // 0.99999 is what is promised for equal inputs; decoding and resizing are Pillow's to the bit, so it holds from
            // the file on. Half floats, in which the values were recorded, cost 1e-7 of it.
            #expect(cosine(features.map(Double.init), expected) >= 0.99999, "\(name)")
        }
    }

    private func cosine(_ a: [Double], _ b: [Double]) -> Double {
        func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
        return dot(a, b) / (dot(a, a) * dot(b, b)).squareRoot()
    }
}
