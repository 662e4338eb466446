import GraftNetwork
import GraftTensor
import TestBackbones
import Testing

@Suite struct PaddingTests {
    /// Zeros before and positions, from TensorFlow's rule for "SAME" (an even side at stride 2 gets its odd zero last).
    @Test(arguments: [
        (input: 224, kernel: 3, stride: 2, before: 0, output: 112), (112, 3, 1, 1, 112), (112, 3, 2, 0, 56),
        (56, 5, 2, 1, 28), (14, 5, 2, 1, 7), (7, 5, 2, 2, 4), (7, 1, 1, 0, 7),
    ])
    func samePaddingRoundsTheSideUp(input: Int, kernel: Int, stride: Int, before: Int, output: Int) {
        let found = Padding.same.along(.vertical, input: input, kernel: kernel, stride: stride)
        #expect(found == (before, output))
    }

    @Test func symmetricPaddingPutsAsManyZerosOnBothSides() {
        #expect(Padding.symmetric(3).along(.vertical, input: 224, kernel: 7, stride: 2) == (3, 112))
        let padding = Padding.explicit(top: 0, left: 1, bottom: 2, right: 3)
        #expect(padding.along(.vertical, input: 8, kernel: 3, stride: 2) == (0, 4))
        #expect(padding.along(.horizontal, input: 8, kernel: 3, stride: 2) == (1, 5))
        #expect(padding.along(.vertical, input: 2, kernel: 5, stride: 1) == (0, 0))
    }
}

@Suite struct ArenaTests {
    @Test func tensorsAliveTogetherDoNotOverlap() {
        var generator = SplitMix64(state: 1)
        for _ in 0..<200 {
            let lifetimes = (0..<12).map { _ in
                let first = Int.random(in: 0..<10, using: &generator)
                return Lifetime(
                    count: .random(in: 0..<100, using: &generator), first: first,
                    last: first + .random(in: 0..<4, using: &generator))
            }
            let arena = Arena(lifetimes)
            for (i, a) in lifetimes.enumerated() where a.count > 0 {
                #expect(arena.offsets[i] % 16 == 0 && arena.offsets[i] + a.count <= arena.count)
                for (j, b) in lifetimes.enumerated() where i < j && b.count > 0 && a.overlaps(b) {
                    let (x, y) = (arena.offsets[i], arena.offsets[j])
                    #expect(x + a.count <= y || y + b.count <= x, "\(a) and \(b) share memory")
                }
            }
        }
    }

    @Test func aChainReusesTheMemoryOfTensorsThatAreDone() {
        let chain = (0..<10).map { Lifetime(count: 64, first: $0, last: $0 + 1) }
        #expect(Arena(chain).count == 128)
    }
}

@Suite struct PlanTests {
    @Test func theArenaHoldsTheLargestPairOfNeighbouringTensorsAndLittleMore() {
        let plan = Plan(.efficientNetLite0, side: 224, instructionSet: InstructionSet.available.last!)
        let neighbours = plan.steps.map { step in
            (step.input == 0 ? 0 : plan.maps[step.input].count) + plan.maps[step.output].count
        }
        #expect(plan.arenaCount >= neighbours.max()!)
        #expect(plan.arenaCount <= neighbours.max()! * 11 / 10)
    }

    @Test func inputsAreAddedInTheNineBlocksThatKeepTheirShape() {
        let plan = Plan(.efficientNetLite0, side: 224, instructionSet: InstructionSet.available.last!)
        let adding = plan.steps.filter { $0.residual != nil }.map(\.block)
        #expect(
            adding == [
                "blocks.2", "blocks.4", "blocks.6", "blocks.7", "blocks.9", "blocks.10", "blocks.12", "blocks.13",
                "blocks.14",
            ])
    }

    /// Rows and panels of every phase, as threads divide them, cover each pair once.
    @Test(arguments: Architecture.all.map(\.name), InstructionSet.available)
    func threadsComputeEveryPartOnce(_ name: String, _ set: InstructionSet) throws {
        let plan = Plan(try #require(Architecture.named(name)), side: 224, instructionSet: set)
        for threads in [1, 2, 3, 8] {
            for phase in plan.steps.flatMap(\.phases) {
                let parts = phase.parts(threads: threads)
                var times = [Int](repeating: 0, count: phase.rows * phase.panels)
                for index in 0..<parts.count {
                    let part = phase.part(index, of: parts)
                    #expect(part.half == phase.half)
                    for r in part.rows { for p in part.panels { times[r * phase.panels + p] += 1 } }
                }
                #expect(times.allSatisfy { $0 == 1 })
            }
        }
    }

    @Test(arguments: InstructionSet.available)
    func largeLayersOf3x3WindowsAreFiltered(_ set: InstructionSet) {
        let plan = Plan(.vgg16, side: 224, instructionSet: set)
        let algorithms = plan.steps.filter { !$0.operation.convolutions.isEmpty }.map(\.operation.description)
        // The image has three channels only: there is more to transform than to multiply.
        #expect(algorithms.first == "gathered product")
        #expect(algorithms.dropFirst().allSatisfy { $0.hasPrefix("Winograd") })
    }

    /// Maps of half a megabyte and more do not leave a core's cache; smaller ones fit into it whole.
    @Test func blocksWithLargeMapsAreComputedAFewLinesAtATime() {
        let plan = Plan(.efficientNetLite0, side: 224, instructionSet: InstructionSet.available.last!)
        let fused = plan.steps.compactMap { step in
            if case .invertedResidual(let block) = step.operation { (step.block, block) } else { nil }
        }
        #expect(
            fused.map(\.0) == [
                "blocks.0", "blocks.1", "blocks.2", "blocks.3", "blocks.4", "blocks.5", "blocks.9", "blocks.10",
                "blocks.11",
            ])
        for (_, block) in fused { #expect(block.bandLines >= 1 && block.expanded.count > 1 << 17) }
        // The layers are the same: so many multiply-adds PyTorch's convolutions have.
        #expect(plan.steps.indices.reduce(0) { $0 + plan.multiplyAdds(of: $1) } == 383_907_552)
    }

    @Test func onlyWindowsThatMoveByOneCanBeFiltered() {
        let model = CostModel(InstructionSet.available.last!)
        let output = MapShape(height: 56, width: 56, channels: 64)
        func tile(kernel: Int = 3, stride: Int = 1, dilation: Int = 1, groups: Int = 1) -> Int? {
            let convolution = Convolution(
                "conv", from: 64, to: 64, kernel: kernel, stride: stride, padding: .same, dilation: dilation,
                groups: groups, normalizationEpsilon: nil, activation: .none, sources: [])
            return model.winogradTile(for: convolution, from: output, to: output)
        }
        #expect(tile() == 4)
        #expect(tile(kernel: 5) == nil && tile(stride: 2) == nil && tile(dilation: 2) == nil && tile(groups: 2) == nil)
    }
}
