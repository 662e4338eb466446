import GraftImage
import GraftTensor

/// A pretrained network without its classifier, ready to run: weights folded and packed, memory planned.
package final class Backbone: Sendable {
    package let architecture: Architecture
    /// What an image has to go through before ``features(of:in:)``.
    package let preprocessing: Preprocessing
    /// Says which weights, architecture and preprocessing made a feature; see ``BackboneMetadata``.
    package let fingerprint: String
    /// The instructions the kernels use.
    package let instructionSet: InstructionSet
    let blocks: PackedBlocks

    /// A backbone with the weights that `parameters` returns for each name and canonical shape.
    package init<E: Error>(
        architecture: Architecture, preprocessing: Preprocessing? = nil, fingerprint: String,
        instructionSet: InstructionSet, parameters: (Parameter) throws(E) -> [Float]
    ) throws(E) {
        self.architecture = architecture
        self.preprocessing = preprocessing ?? architecture.preprocessing
        self.fingerprint = fingerprint
        self.instructionSet = instructionSet
        let side = self.preprocessing.cropSide
        blocks = try PackedBlocks(
            architecture.blocks, input: MapShape(height: side, width: side, channels: 3),
            instructionSet: instructionSet, parameters: parameters)
        precondition(blocks.output.count == architecture.featureCount)
    }

    /// A backbone whose weights are random, for measurements.
    ///
    /// - Parameter side: of its images, pixels; nil for that of the architecture.
    package convenience init(
        randomWeightsFor architecture: Architecture, side: Int? = nil, instructionSet: InstructionSet
    ) {
        self.init(
            architecture: architecture,
            preprocessing: side.map { architecture.preprocessing.cropping(to: $0) }, fingerprint: "random",
            instructionSet: instructionSet
        ) { $0.randomElements() }
    }

    /// The length of the features, D.
    package var featureCount: Int { architecture.featureCount }

    /// How many weights the architecture has, batch normalisation counted separately.
    package var parameterCount: Int { architecture.parameters.reduce(0) { $0 + $1.shape.reduce(1, *) } }

    /// `[1, H, W, 3]`
    package var inputShape: [Int] { [1, preprocessing.cropSide, preprocessing.cropSide, 3] }

    /// The bytes of the packed weights, and what each thread needs beside them.
    package var byteCounts: (weights: Int, workspace: Int) { blocks.byteCounts }

    /// Memory for as many forward passes at a time as `threads`, which may help each other.
    package func makeWorkspaces(threads: Int = 1) -> Workspaces { Workspaces(blocks, threads: threads) }

    /// The features `[D]` of one image `[1, H, W, 3]`; bit for bit the same whoever computes them, with whatever help.
    ///
    /// Allocates nothing but the result.
    ///
    /// - Precondition: `input` has ``inputShape``, and `workspaces` are this backbone's, for as many threads as those of
    ///   `worker`'s pool.
    package func features(of input: Tensor, in workspaces: Workspaces, by worker: Worker = .alone) -> [Float] {
        [Float](unsafeUninitializedCapacity: featureCount) { features, count in
            forward(input, in: workspaces, by: worker) { features.baseAddress!.update(from: $0, count: featureCount) }
            count = featureCount
        }
    }

    /// Lends the features `[D]` of one image; see ``features(of:in:by:)``. Allocates nothing.
    ///
    /// - Parameter observe: is called after each step of the plan with its number.
    package func forward<R>(
        _ input: Tensor, in workspaces: Workspaces, by worker: Worker = .alone, observe: ((Int) -> Void)? = nil,
        _ body: (UnsafePointer<Float>) -> R
    ) -> R {
        precondition(input.shape == inputShape, "\(input.shape) is not \(inputShape)")
        return input.elements.withUnsafeBufferPointer {
            blocks.forward($0.baseAddress!, in: workspaces, by: worker, observe: observe, body)
        }
    }
}
