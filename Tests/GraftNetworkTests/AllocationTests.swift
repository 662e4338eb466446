import AllocationCounter
import GraftNetwork
import GraftTensor
import Testing

@Suite struct AllocationTests {
    @Test func theCounterSeesAnAllocation() {
        let before = allocation_count()
        let array = [Int](repeating: 1, count: Int.random(in: 100...200))
        #expect(allocation_count() > before && array.count >= 100)
    }

    /// One of each family.
    @Test(arguments: ["efficientnet_lite0", "mobilenet_v2", "resnet18", "resnet50", "vgg16"], [1, 2])
    func aForwardPassAllocatesNothing(_ name: String, threads: Int) async throws {
        let architecture = try #require(Architecture.named(name))
        let backbone = Backbone(
            randomWeightsFor: architecture, instructionSet: try .chosen(forced: nil))
        let image = Tensor(zeros: backbone.inputShape)
        let workspaces = backbone.makeWorkspaces(threads: threads)
        let pool = ComputePool(threads: threads, queueLimit: 0)
        let count = try await pool.run { worker in
            // What is made once, such as the runtime's caches of types, is made now.
            backbone.forward(image, in: workspaces, by: worker) { _ in }
            let before = allocation_count()
            for _ in 0..<3 { backbone.forward(image, in: workspaces, by: worker) { _ in } }
            return allocation_count() - before
        }
        #expect(count == 0)
        await pool.stop()
    }
}
