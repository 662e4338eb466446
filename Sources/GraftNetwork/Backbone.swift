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
    let plan: Plan
    let weights: PackedWeights
    let kernels: VectorKernels

    /// A backbone with the weights that `parameters` returns for each name and canonical shape.
    package init<E: Error>(
        architecture: Architecture, preprocessing: Preprocessing? = nil, fingerprint: String,
        instructionSet: InstructionSet, parameters: (Parameter) throws(E) -> [Float]
    ) throws(E) {
        self.architecture = architecture
        self.preprocessing = preprocessing ?? architecture.preprocessing
        self.fingerprint = fingerprint
        self.instructionSet = instructionSet
        kernels = instructionSet.kernels
        plan = Plan(architecture, side: self.preprocessing.cropSide)
        weights = try PackedWeights(plan, kernels: kernels, parameters: parameters)
    }

    /// The length of the features, D.
    package var featureCount: Int { architecture.featureCount }

    /// How many weights the architecture has, batch normalisation counted separately.
    package var parameterCount: Int { architecture.parameters.reduce(0) { $0 + $1.shape.reduce(1, *) } }

    /// `[1, H, W, 3]`
    package var inputShape: [Int] { [1, preprocessing.cropSide, preprocessing.cropSide, 3] }

    /// The bytes of the packed weights, and of each workspace.
    package var byteCounts: (weights: Int, workspace: Int) {
        (weights.buffer.count * MemoryLayout<Float>.stride, plan.arenaCount * MemoryLayout<Float>.stride)
    }

    package func makeWorkspace() -> Workspace { Workspace(count: plan.arenaCount) }

    /// The features `[D]` of one image `[1, H, W, 3]`; bit for bit the same in every workspace.
    ///
    /// Allocates nothing but the result.
    ///
    /// - Precondition: `input` has ``inputShape``, and `workspace` is this backbone's and not in use.
    package func features(of input: Tensor, in workspace: Workspace) -> [Float] {
        precondition(input.shape == inputShape, "\(input.shape) is not \(inputShape)")
        return workspace.withArena { arena in
            input.elements.withUnsafeBufferPointer { image in
                weights.buffer.withUnsafePointer { weights in
                    for s in plan.steps.indices { run(s, image: image.baseAddress!, weights: weights, arena: arena) }
                }
            }
            let features = UnsafeBufferPointer(start: arena + plan.offsets.last!, count: featureCount)
            return [Float](features)
        }
    }
}
