import GraftNetwork
import GraftTensor
import Testing

@Suite struct PaddingTests {
    /// Zeros before and positions, from TensorFlow's rule for "SAME" (an even side at stride 2 gets its odd zero last).
    @Test(arguments: [
        (input: 224, kernel: 3, stride: 2, before: 0, output: 112), (112, 3, 1, 1, 112), (112, 3, 2, 0, 56),
        (56, 5, 2, 1, 28), (14, 5, 2, 1, 7), (7, 5, 2, 2, 4), (7, 1, 1, 0, 7),
    ])
    func samePaddingRoundsTheSideUp(input: Int, kernel: Int, stride: Int, before: Int, output: Int) {
        let found = Padding.same.along(input: input, kernel: kernel, stride: stride)
        #expect(found == (before, output))
    }

    @Test func symmetricPaddingPutsAsManyZerosOnBothSides() {
        #expect(Padding.symmetric(3).along(input: 224, kernel: 7, stride: 2) == (3, 112))
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
                "block2b", "block3b", "block4b", "block4c", "block5b", "block5c", "block6b", "block6c", "block6d",
            ])
    }
}
