import Foundation
import GraftNetwork
import GraftTensor
import TestBackbones
import TestSupport
import Testing

@Suite struct BackboneTests {
    /// Recorded in 64-bit from PyTorch by `Tests/Fixtures/network/make_features.py`, and from Keras by
    /// `make_keras_features.py`.
    private struct Recorded: Decodable {
        let architecture: String
        /// Every how many-th feature is kept.
        let step: Int
        let features: [Float]
    }

    @Test(arguments: InstructionSet.available, Architecture.all.map(\.name))
    func featuresEqualTheFrameworks(_ set: InstructionSet, _ name: String) throws {
        let recorded = try ["features", "keras_features"].flatMap {
            try JSONDecoder().decode([Recorded].self, from: Data(contentsOf: Fixture.url("network/\($0).json")))
        }
        let kept = try #require(recorded.first { $0.architecture == name })
        let expected = kept.features
        let backbone = formulaBackbone(try #require(Architecture.named(name)), set)
        let all = backbone.features(of: formulaImage(backbone), in: backbone.makeWorkspaces())
        let found = stride(from: 0, to: all.count, by: kept.step).map { all[$0] }

        #expect(found.count == expected.count)
        // Up to 155 layers in 32-bit, each off by a few units in the last place, or by some hundred with Winograd's
        // filtering, against 64-bit rounded to seven digits; deep networks of narrow layers amplify that most.
        #expect(cosine(found, expected) >= 0.999_999_9)
        let scale = expected.reduce(0) { max($0, abs($1)) }
        let largest = zip(found, expected).reduce(Float(0)) { max($0, abs($1.0 - $1.1)) }
        #expect(largest <= 1e-4 * scale)
    }

    /// One of each family.
    @Test(arguments: ["efficientnet_lite0", "mobilenet_v2", "resnet18", "resnet50", "vgg16"])
    func repeatsBitForBitWhoeverHelps(_ name: String) async throws {
        let architecture = try #require(Architecture.named(name))
        let backbone = formulaBackbone(architecture, InstructionSet.available.last!)
        let image = formulaImage(backbone)
        let workspaces = backbone.makeWorkspaces()
        let first = backbone.features(of: image, in: workspaces)
        // Another image in between: nothing of it may stay behind.
        _ = backbone.features(of: Tensor(zeros: backbone.inputShape), in: workspaces)
        #expect(backbone.features(of: image, in: workspaces) == first)

        // One at a time with every thread's help, then more at a time than there are threads.
        for threads in [2, 3] {
            let pool = ComputePool(threads: threads, queueLimit: 8)
            let workspaces = backbone.makeWorkspaces(threads: threads)
            for _ in 0..<4 {
                let features = try await pool.run { backbone.features(of: image, in: workspaces, by: $0) }
                #expect(features == first)
            }
            try await withThrowingTaskGroup(of: [Float].self) { group in
                for _ in 0..<6 {
                    group.addTask { try await pool.run { backbone.features(of: image, in: workspaces, by: $0) } }
                }
                for try await features in group { #expect(features == first) }
            }
            await pool.stop()
        }
    }
}

func formulaBackbone(_ architecture: Architecture, _ set: InstructionSet) -> Backbone {
    Backbone(
        architecture: architecture, fingerprint: "formula", instructionSet: set, parameters: formulaElements)
}

private func formulaImage(_ backbone: Backbone) -> Tensor {
    Tensor(shape: backbone.inputShape, elements: uniform("image", count: backbone.inputShape.reduce(1, *)))
}

private func cosine(_ a: [Float], _ b: [Float]) -> Double {
    func dot(_ x: [Float], _ y: [Float]) -> Double { zip(x, y).reduce(0) { $0 + Double($1.0) * Double($1.1) } }
    return dot(a, b) / (dot(a, a) * dot(b, b)).squareRoot()
}
