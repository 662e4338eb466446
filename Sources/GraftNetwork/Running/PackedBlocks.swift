import GraftTensor

/// Blocks ready to run: weights folded and packed, memory planned.
final class PackedBlocks: Sendable {
    let plan: Plan
    let weights: PackedWeights
    let kernels: VectorKernels

    /// Blocks with the weights that `parameters` returns for each name and canonical shape.
    ///
    /// - Parameter input: The shape of what enters the first.
    init<E: Error>(
        _ blocks: [Block], input: MapShape, instructionSet: InstructionSet, parameters: (Parameter) throws(E) -> [Float]
    ) throws(E) {
        kernels = instructionSet.kernels
        plan = Plan(blocks, input: input, instructionSet: instructionSet)
        weights = try PackedWeights(plan, kernels: kernels, parameters: parameters)
    }

    /// The shape of what leaves the last.
    var output: MapShape { plan.maps.last! }

    /// The bytes of the packed weights, and what each thread needs beside them.
    var byteCounts: (weights: Int, workspace: Int) {
        (
            weights.buffer.count * MemoryLayout<Float>.stride,
            (plan.arenaCount + plan.scratchCount) * MemoryLayout<Float>.stride
        )
    }

    /// Lends what leaves the last block. Allocates nothing.
    ///
    /// - Precondition: `workspaces` are these blocks', for as many threads as those of `worker`'s pool.
    func forward<R>(
        _ input: UnsafePointer<Float>, in workspaces: Workspaces, by worker: Worker, observe: ((Int) -> Void)? = nil,
        _ body: (UnsafePointer<Float>) -> R
    ) -> R {
        workspaces.withPass(of: worker) { pass in
            precondition(pass.blocks === self, "the workspaces are of other blocks")
            return pass.run(input, by: worker, observe: observe, body)
        }
    }
}
