import Foundation
import GraftCheckpoint
import GraftImage
import GraftImport
import GraftNetwork
import GraftTensor
import TestSupport
import Testing

/// What ONNX Runtime made of the features of each fixture; the scripts beside them recorded it.
struct RecordedFeatures: Decodable {
    /// The image's side, pixels.
    let side: Int
    let features: [Float]

    static func read() throws -> [String: RecordedFeatures] {
        try JSONDecoder().decode(
            [String: RecordedFeatures].self, from: Data(contentsOf: Fixture.url("onnx/expected.json")))
    }
}

func fixture(_ name: String) throws -> MappedFile { MappedFile(bytes: try Fixture.bytes("onnx/\(name).onnx")) }

func readFixture(_ name: String, side: Int? = nil) throws -> ONNXNetwork {
    try readONNX(try fixture(name), folder: Fixture.url("onnx").path, side: side)
}

/// `[1, side, side, 3]`, the numbers that record.py makes.
func recordedImage(side: Int) -> Tensor {
    Tensor(
        shape: [1, side, side, 3],
        elements: (0..<side * side * 3).map { Float($0 * 7919 % 251) / 125 - 1 })
}

extension ONNXNetwork {
    var architecture: Architecture {
        Architecture(
            name: "onnx",
            preprocessing: Preprocessing(
                resizeShorterSide: side, cropSide: side, interpolation: .bilinear, channelOrder: .rgb,
                mean: [0, 0, 0], standardDeviation: [1, 1, 1]),
            featureCount: featureCount, blocks: blocks)
    }

    func features(of image: Tensor) throws -> [Float] {
        let backbone = try Backbone(
            architecture: architecture, fingerprint: "", instructionSet: .chosen(forced: nil)
        ) { parameter in try weights.tensor(parameter.name, shape: parameter.shape).floats() }
        return backbone.features(of: image, in: backbone.makeWorkspaces())
    }
}

/// Checks that the daemon will take `network` from a backbone's file.
func expectRunnable(_ network: ONNXNetwork) throws {
    let description = try NetworkDescription(json: NetworkDescription(blocks: network.blocks).json)
    #expect(try description.featureCount(side: network.side) == network.featureCount)
    for parameter in network.architecture.parameters {
        _ = try network.weights.tensor(parameter.name, shape: parameter.shape)
    }
}

/// Checks `found` against what was recorded.
func expectEqual(_ found: [Float], _ expected: [Float], _ name: String) {
    guard found.count == expected.count else {
        Issue.record("\(name): \(found.count) features, expected \(expected.count)")
        return
    }
    func dot(_ a: [Float], _ b: [Float]) -> Double { zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) } }
    let cosine = dot(found, expected) / (dot(found, found) * dot(expected, expected)).squareRoot()
    #expect(cosine >= 0.99999, "\(name): \(cosine)")
    // Sums of at most 1000 products in another order, through a dozen layers, and Winograd's transforms, which lose
    // four bits.
    let tolerance = 1e-4 * expected.reduce(0) { max($0, abs($1)) }
    let error = zip(found, expected).reduce(0) { max($0, abs($1.0 - $1.1)) }
    #expect(error <= tolerance, "\(name): \(error)")
}
