import GraftNetwork
import GraftTensor
import TestBackbones
import Testing

@Suite struct TopTests {
    @Test(arguments: ["efficientnet_lite0", "resnet18", "vgg16"])
    func trunkAndTopGiveTheFeaturesOfTheWholeBackbone(_ name: String) throws {
        let architecture = try #require(Architecture.named(name))
        let set = InstructionSet.available.last!
        let whole = formulaBackbone(architecture, set)
        let image = Tensor(
            shape: whole.inputShape, elements: uniform("image", count: whole.inputShape.reduce(1, *)))
        let expected = whole.features(of: image, in: whole.makeWorkspaces())
        for cut in [architecture.defaultCut, architecture.blocks.count - 2] {
            let trunk = formulaBackbone(architecture.first(cut), set)
            let top = Top(of: architecture, from: cut, instructionSet: set, parameters: formulaElements)
            #expect(top.latent.count == trunk.featureCount && top.featureCount == whole.featureCount)
            let latent = trunk.features(of: image, in: trunk.makeWorkspaces())
            let features = top.features(of: latent.span, in: top.makeWorkspaces())
            // No layer of these is computed together with one of another block, so the sums are the same in the same
            // order.
            #expect(features == expected, "\(name) cut before \(architecture.blocks[cut].name)")
        }
    }

    @Test(arguments: ["efficientnet_lite0", "vgg16"])
    func repeatsBitForBitWhoeverHelps(_ name: String) async throws {
        let architecture = try #require(Architecture.named(name))
        let cut = architecture.defaultCut
        let top = Top(
            of: architecture, from: cut, instructionSet: InstructionSet.available.last!, parameters: formulaElements)
        let latent = uniform("latent", count: top.latent.count)
        let first = top.features(of: latent.span, in: top.makeWorkspaces())
        let pool = ComputePool(threads: 3, queueLimit: 8)
        let workspaces = top.makeWorkspaces(threads: 3)
        for _ in 0..<4 {
            let features = try await pool.run { top.features(of: latent.span, in: workspaces, by: $0) }
            #expect(features == first)
        }
        await pool.stop()
    }
}
