import GraftTensor

/// The order in which an architecture's layers run, by which algorithm, and where in one arena each tensor lies.
package struct Plan: Sendable {
    /// A layer with its operands, which are indices into ``maps``.
    package struct Step: Sendable {
        /// The name of the layer's block.
        package let block: String
        /// The layer's name within its block.
        package let layer: String
        package let operation: Operation
        package let input: Int
        /// What is added before the activation.
        package let residual: Int?
        package let output: Int
        /// How threads divide the step.
        package let phases: [Phase]
        /// Floats of the arena that the step's threads share, at ``sharedOffset``.
        package let sharedCount: Int
        package let sharedOffset: Int
    }

    /// The kernel that computes a layer.
    package enum Operation: Sendable {
        /// A 1 × 1 convolution of stride 1: a matrix product over pixels.
        case product(Convolution)
        case convolution(Convolution)
        case winograd(Convolution, WinogradTiling)
        case depthwise(Convolution)
        case pool(Pooling)
        case mean

        /// The convolution, if the operation has weights.
        package var convolution: Convolution? {
            switch self {
            case .product(let convolution), .convolution(let convolution), .depthwise(let convolution),
                .winograd(let convolution, _):
                convolution
            case .pool, .mean: nil
            }
        }
    }

    package let steps: [Step]
    /// The shape of every tensor; the first is the image, which is the caller's.
    package let maps: [MapShape]
    /// Where each tensor starts in the arena, in floats; that of the image means nothing.
    package let offsets: [Int]
    /// The arena's length in floats.
    package let arenaCount: Int
    /// Floats of scratch space that each thread needs for itself.
    package let scratchCount: Int

    /// The multiply-adds of step `s`, as the layer's definition counts them, whatever the algorithm.
    package func multiplyAdds(of s: Int) -> Int {
        steps[s].operation.convolution.map { $0.depth * maps[steps[s].output].count } ?? 0
    }

    /// The plan of `architecture` for images `[side, side, 3]`.
    package init(_ architecture: Architecture, side: Int, instructionSet: InstructionSet) {
        var draft = Draft(
            maps: [MapShape(height: side, width: side, channels: 3)], instructionSet: instructionSet)
        for block in architecture.blocks { draft.append(block) }
        precondition(draft.maps.last!.count == architecture.featureCount)

        // A tensor lives from the step that writes it to the last that reads it, shared space for its one step.
        var lifetimes = draft.maps.map { _ in Lifetime(count: 0, first: 0, last: 0) }
        for (s, step) in draft.steps.enumerated() {
            lifetimes[step.output] = Lifetime(count: draft.maps[step.output].count, first: s, last: s)
            for read in [step.input, step.residual].compactMap({ $0 }) where read != 0 { lifetimes[read].last = s }
        }
        let kernels = instructionSet.kernels
        let needs = draft.steps.map { $0.operation.scratch(on: draft.maps[$0.input], kernels: kernels) }
        for (s, need) in needs.enumerated() {
            lifetimes.append(Lifetime(count: need.shared, first: s, last: s))
        }
        let arena = Arena(lifetimes)
        let mapCount = draft.maps.count
        steps = draft.steps.enumerated().map { s, step in
            Step(
                block: step.block, layer: step.layer, operation: step.operation, input: step.input,
                residual: step.residual, output: step.output,
                phases: step.operation.phases(
                    from: draft.maps[step.input], to: draft.maps[step.output], kernels: kernels),
                sharedCount: needs[s].shared, sharedOffset: arena.offsets[mapCount + s])
        }
        maps = draft.maps
        offsets = Array(arena.offsets[..<mapCount])
        arenaCount = arena.count
        scratchCount = needs.map(\.own).max() ?? 0
    }
}

/// Steps and tensors before they have places.
private struct Draft {
    var maps: [MapShape]
    let instructionSet: InstructionSet
    var steps: [(block: String, layer: String, operation: Plan.Operation, input: Int, residual: Int?, output: Int)] = []

    mutating func append(_ block: Block) {
        let blockInput = maps.count - 1
        var residual: Int?
        switch block.shortcut {
        case .none: break
        case .identity: residual = blockInput
        case .projection(let convolution):
            residual = append(.convolution(convolution), of: block, input: blockInput, residual: nil)
        }
        var input = blockInput
        for (l, layer) in block.layers.enumerated() {
            let isLast = l == block.layers.count - 1
            input = append(layer, of: block, input: input, residual: isLast ? residual : nil)
        }
        precondition(residual.map { maps[$0] == maps[input] } ?? true, "\(block.name) adds what has another shape")
    }

    /// - Returns: The index of the output.
    private mutating func append(_ layer: Layer, of block: Block, input: Int, residual: Int?) -> Int {
        let (operation, output) = self.operation(of: layer, on: maps[input])
        maps.append(output)
        steps.append((block.name, layer.name, operation, input, residual, maps.count - 1))
        return maps.count - 1
    }

    /// How `layer` is computed, and the shape that comes out.
    private func operation(of layer: Layer, on input: MapShape) -> (Plan.Operation, MapShape) {
        switch layer {
        case .globalAveragePooling:
            return (.mean, MapShape(height: 1, width: 1, channels: input.channels))
        case .pooling(let pooling):
            return (.pool(pooling), pooling.output(of: input).shape)
        case .convolution(let convolution):
            precondition(convolution.inputChannels == input.channels, "\(convolution.name) expects other channels")
            let output = convolution.output(of: input).shape
            if convolution.hasDepthwiseKernel { return (.depthwise(convolution), output) }
            if convolution.isPixelwise { return (.product(convolution), output) }
            if let tile = CostModel(instructionSet).winogradTile(for: convolution, output: output) {
                return (.winograd(convolution, WinogradTiling(tile: tile, output: output)), output)
            }
            return (.convolution(convolution), output)
        }
    }
}

extension Convolution {
    /// Whether every output pixel is a function of the one input pixel at its place.
    var isPixelwise: Bool {
        kernel == 1 && stride == 1 && groups == 1 && (padding == .same || padding == .symmetric(0))
    }

    /// Whether the depthwise kernel knows it; the general one knows all.
    var hasDepthwiseKernel: Bool {
        isDepthwise && dilation == 1 && [3, 5].contains(kernel) && [1, 2].contains(stride)
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
        case .pool: "pooling"
        case .mean: "mean"
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
        case .product, .depthwise, .pool, .mean:
            return (0, 0)
        }
    }
}
