import GraftTensor

/// The order in which the layers of blocks run, by which algorithm, and where in one arena each tensor lies.
package struct Plan: Sendable {
    /// Which layer of which block.
    package struct LayerName: Sendable, Equatable {
        package let block: String
        /// Within its block.
        package let layer: String
    }

    /// A layer, or several that are computed as one, with its operands, which are indices into ``maps``.
    package struct Step: Sendable {
        /// In the order in which they run.
        package let layers: [LayerName]
        package let operation: Operation
        package let inputs: [Int]
        /// What is added before the activation.
        package let residual: Int?
        package let output: Int
        /// How threads divide the step.
        package let phases: [Phase]
        /// Floats of the arena that the step's threads share, at ``sharedOffset``.
        package let sharedCount: Int
        package let sharedOffset: Int

        /// The first of ``inputs``.
        package var input: Int { inputs[0] }
        /// The block of the last of its layers.
        package var block: String { layers.last!.block }
        /// The names of its layers in their blocks.
        package var layer: String { layers.map(\.layer).joined(separator: "+") }
    }

    /// The kernel that computes a layer.
    package enum Operation: Sendable {
        /// A 1 × 1 convolution of stride 1: a matrix product over pixels.
        case product(Convolution)
        case convolution(Convolution)
        case winograd(Convolution, WinogradTiling)
        case depthwise(Convolution)
        /// A whole block, a few lines of the image at a time.
        case invertedResidual(InvertedResidual)
        case pool(Pooling)
        case mean
        case elementwise(Elementwise)

        /// The convolutions, in the order in which they run.
        package var convolutions: [Convolution] {
            switch self {
            case .product(let convolution), .convolution(let convolution), .depthwise(let convolution),
                .winograd(let convolution, _):
                [convolution]
            case .invertedResidual(let block): block.convolutions
            case .pool, .mean, .elementwise: []
            }
        }
    }

    package let steps: [Step]
    /// The shape of every tensor; the first is the input, which is the caller's.
    package let maps: [MapShape]
    /// Where each tensor starts in the arena, in floats; that of the input means nothing.
    package let offsets: [Int]
    /// The arena's length in floats.
    package let arenaCount: Int
    /// Floats of scratch space that each thread needs for itself.
    package let scratchCount: Int

    /// The multiply-adds of step `s`, as the layer's definition counts them, whatever the algorithm.
    package func multiplyAdds(of s: Int) -> Int {
        var shape = maps[steps[s].input]
        return steps[s].operation.convolutions.reduce(0) { sum, convolution in
            shape = convolution.output(of: shape).shape
            return sum + convolution.depth * shape.count
        }
    }

    /// The plan of `architecture` for images `[side, side, 3]`.
    package init(_ architecture: Architecture, side: Int, instructionSet: InstructionSet) {
        self.init(
            architecture.blocks, input: MapShape(height: side, width: side, channels: 3),
            instructionSet: instructionSet)
    }

    /// The plan of `blocks` for one tensor of shape `input`.
    ///
    /// - Precondition: every block can take what it gets.
    package init(_ blocks: [Block], input: MapShape, instructionSet: InstructionSet) {
        let draft = Draft(blocks, input: input, instructionSet: instructionSet)

        // A tensor lives from the step that writes it to the last that reads it, shared space for its one step.
        var lifetimes = draft.maps.map { _ in Lifetime(count: 0, first: 0, last: 0) }
        for (s, step) in draft.steps.enumerated() {
            lifetimes[step.output] = Lifetime(count: draft.maps[step.output].count, first: s, last: s)
            for read in step.inputs + [step.residual].compactMap(\.self) where read != 0 { lifetimes[read].last = s }
        }
        let kernels = instructionSet.kernels
        let needs = draft.steps.map { $0.operation.scratch(on: draft.maps[$0.inputs[0]], kernels: kernels) }
        for (s, need) in needs.enumerated() {
            lifetimes.append(Lifetime(count: need.shared, first: s, last: s))
        }
        let arena = Arena(lifetimes)
        let mapCount = draft.maps.count
        steps = draft.steps.enumerated().map { s, step in
            Step(
                layers: step.layers, operation: step.operation, inputs: step.inputs, residual: step.residual,
                output: step.output,
                phases: step.operation.phases(
                    from: draft.maps[step.inputs[0]], to: draft.maps[step.output], kernels: kernels),
                sharedCount: needs[s].shared, sharedOffset: arena.offsets[mapCount + s])
        }
        maps = draft.maps
        offsets = Array(arena.offsets[..<mapCount])
        arenaCount = arena.count
        scratchCount = needs.map(\.own).max() ?? 0
    }
}

extension Convolution {
    /// Whether every output pixel is a function of the one input pixel at its place.
    var isPixelwise: Bool {
        kernel == 1 && stride == 1 && groups == 1 && (padding == .same || padding == .symmetric(0))
    }

    /// Whether the depthwise kernel knows it; the general one knows all.
    var hasDepthwiseKernel: Bool {
        isDepthwise && dilation == 1
            && ([3, 5].contains(kernel) && [1, 2].contains(stride) || kernel == 1 && stride == 1)
    }
}

extension Plan.Operation: CustomStringConvertible {
    /// The algorithm's name.
    package var description: String {
        switch self {
        case .product: "product"
        case .convolution: "gathered product"
        case .winograd(_, let tiling): "Winograd F(\(tiling.tile)x\(tiling.tile),3x3)"
        case .depthwise: "depthwise"
        case .invertedResidual: "fused"
        case .pool: "pooling"
        case .mean: "mean"
        case .elementwise(let elementwise): elementwise.name
        }
    }
}

extension Plan.Operation {
    /// Floats of scratch space: what the step's threads share, and what each has for itself.
    fileprivate func scratch(on input: MapShape, kernels: VectorKernels) -> (shared: Int, own: Int) {
        switch self {
        case .convolution(let convolution):
            return (
                0,
                kernels.convolutionScratch(
                    kernel: convolution.kernel, channels: convolution.inputChannels / convolution.groups)
            )
        case .winograd(_, let tiling):
            let multiplied = kernels.winogradScratch(tile: tiling.tile, tileCount: tiling.bandCount)
            return tiling.isShared
                ? (tiling.transformedCount(channels: input.channels), multiplied)
                : (0, tiling.transformedCount(channels: input.channels) + multiplied)
        case .invertedResidual(let block):
            return (0, block.expandedCount + block.filteredCount)
        case .product, .depthwise, .pool, .mean, .elementwise:
            return (0, 0)
        }
    }
}
