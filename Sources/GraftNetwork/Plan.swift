/// The sides of a feature map `[H, W, C]`.
package struct MapShape: Sendable, Equatable {
    package let height: Int
    package let width: Int
    package let channels: Int

    package var count: Int { height * width * channels }
    package var pixels: Int { height * width }
}

/// The order in which an architecture's layers run, and where in one arena each tensor lies.
package struct Plan: Sendable {
    /// A layer with its operands, which are indices into ``maps``.
    package struct Step: Sendable {
        /// The name of the layer's block.
        package let block: String
        package let operation: Operation
        package let input: Int
        /// What is added before the activation.
        package let residual: Int?
        package let output: Int
        /// Floats of scratch space, at ``scratchOffset``.
        package let scratchCount: Int
        package let scratchOffset: Int
    }

    /// The kernel that computes a layer.
    package enum Operation: Sendable {
        /// A 1 × 1 convolution of stride 1: a matrix product over pixels.
        case product(Convolution)
        case convolution(Convolution)
        case depthwise(Convolution)
        case mean
    }

    package let steps: [Step]
    /// The shape of every tensor; the first is the image, which is the caller's.
    package let maps: [MapShape]
    /// Where each tensor starts in the arena, in floats; that of the image means nothing.
    package let offsets: [Int]
    /// The arena's length in floats.
    package let arenaCount: Int

    /// The plan of `architecture` for images `[side, side, 3]`.
    package init(_ architecture: Architecture, side: Int) {
        var maps = [MapShape(height: side, width: side, channels: 3)]
        var drafts: [(block: String, operation: Operation, input: Int, residual: Int?, output: Int, scratch: Int)] = []
        for block in architecture.blocks {
            let blockInput = maps.count - 1
            for (l, layer) in block.layers.enumerated() {
                let input = maps.count - 1
                let (operation, output) = Plan.operation(of: layer, on: maps[input])
                let residual = block.addsInput && l == block.layers.count - 1 ? blockInput : nil
                precondition(residual == nil || maps[blockInput] == output, "\(block.name) adds what has another shape")
                maps.append(output)
                drafts.append(
                    (block.name, operation, input, residual, maps.count - 1, operation.scratchCount))
            }
        }
        precondition(maps.last!.count == architecture.featureCount)

        // A tensor lives from the step that writes it to the last that reads it, scratch space for its one step.
        var lifetimes = [Lifetime](repeating: Lifetime(count: 0, first: 0, last: 0), count: maps.count)
        for (s, draft) in drafts.enumerated() {
            lifetimes[draft.output] = Lifetime(count: maps[draft.output].count, first: s, last: s)
            for read in [draft.input, draft.residual].compactMap({ $0 }) where read != 0 { lifetimes[read].last = s }
        }
        for (s, draft) in drafts.enumerated() {
            lifetimes.append(Lifetime(count: draft.scratch, first: s, last: s))
        }
        let arena = Arena(lifetimes)
        let imageAndOutputs = maps.count
        steps = drafts.enumerated().map { s, draft in
            Step(
                block: draft.block, operation: draft.operation, input: draft.input, residual: draft.residual,
                output: draft.output, scratchCount: draft.scratch, scratchOffset: arena.offsets[imageAndOutputs + s])
        }
        offsets = Array(arena.offsets[..<maps.count])
        arenaCount = arena.count
        self.maps = maps
    }

    /// How `layer` is computed, and the shape that comes out.
    private static func operation(of layer: Layer, on input: MapShape) -> (Operation, MapShape) {
        switch layer {
        case .globalAveragePooling:
            return (.mean, MapShape(height: 1, width: 1, channels: input.channels))
        case .convolution(let convolution):
            precondition(convolution.inputChannels == input.channels, "\(convolution.name) expects other channels")
            let (_, height) = convolution.padding.along(
                input: input.height, kernel: convolution.kernel, stride: convolution.stride)
            let (_, width) = convolution.padding.along(
                input: input.width, kernel: convolution.kernel, stride: convolution.stride)
            let output = MapShape(height: height, width: width, channels: convolution.outputChannels)
            if convolution.isDepthwise {
                precondition([3, 5].contains(convolution.kernel) && [1, 2].contains(convolution.stride))
                return (.depthwise(convolution), output)
            }
            precondition(convolution.groups == 1, "\(convolution.name) has groups of several channels")
            return (convolution.isPixelwise ? .product(convolution) : .convolution(convolution), output)
        }
    }
}

extension Convolution {
    /// Whether every output pixel is a function of the one input pixel at its place.
    fileprivate var isPixelwise: Bool { kernel == 1 && stride == 1 && (padding == .same || padding == .symmetric(0)) }
}
