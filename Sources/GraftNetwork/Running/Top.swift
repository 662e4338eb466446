import GraftTensor

/// The blocks of a backbone from a cut on, ready to run: from a latent to features.
///
/// What the trunk (``Architecture/first(_:)``) and the top give one after the other is what the whole backbone gives.
package final class Top: Sendable {
    /// The shape of one image's latent.
    package let latent: MapShape
    private let blocks: PackedBlocks

    /// Blocks with the weights that `parameters` returns for each name and canonical shape.
    ///
    /// - Precondition: the blocks can take `latent`; the features are the elements of what the last one gives.
    package init<E: Error>(
        _ blocks: [Block], latent: MapShape, instructionSet: InstructionSet,
        parameters: (Parameter) throws(E) -> [Float]
    ) throws(E) {
        self.latent = latent
        self.blocks = try PackedBlocks(
            blocks, input: latent, instructionSet: instructionSet, parameters: parameters)
    }

    /// The top of `architecture` from its block numbered `cut` on.
    package convenience init<E: Error>(
        of architecture: Architecture, from cut: Int, instructionSet: InstructionSet,
        parameters: (Parameter) throws(E) -> [Float]
    ) throws(E) {
        try self.init(
            Array(architecture.blocks[cut...]), latent: architecture.latent(before: cut),
            instructionSet: instructionSet, parameters: parameters)
    }

    /// The length of the features, D.
    package var featureCount: Int { blocks.output.count }

    /// The bytes of the packed weights, and what each thread needs beside them.
    package var byteCounts: (weights: Int, workspace: Int) { blocks.byteCounts }

    /// Memory for as many forward passes at a time as `threads`, which may help each other.
    package func makeWorkspaces(threads: Int = 1) -> Workspaces { Workspaces(blocks, threads: threads) }

    /// The features `[D]` of one image's latent `[H, W, C]`; bit for bit the same whoever computes them, with whatever help.
    ///
    /// Allocates nothing but the result.
    ///
    /// - Precondition: `latent` has as many elements as the shape ``latent``, and `workspaces` are this top's, for as many
    ///   threads as those of `worker`'s pool.
    package func features(of latent: Span<Float>, in workspaces: Workspaces, by worker: Worker = .alone) -> [Float] {
        precondition(latent.count == self.latent.count, "\(latent.count) elements are no latent of \(self.latent)")
        return [Float](unsafeUninitializedCapacity: featureCount) { features, count in
            latent.withUnsafeBufferPointer { latent in
                blocks.forward(latent.baseAddress!, in: workspaces, by: worker) {
                    features.baseAddress!.update(from: $0, count: featureCount)
                }
            }
            count = featureCount
        }
    }
}
