import GraftTensor

/// Every weight of a network, folded, in the order in which the kernels read it, in one stretch of memory.
struct PackedWeights: ~Copyable, Sendable {
    /// Where the weights of a convolution are, in floats.
    struct Place: Sendable {
        var weight = 0
        var bias = 0
    }

    private(set) var buffer: TensorBuffer
    /// By step, for each of its convolutions.
    let places: [[Place]]
    /// Where as many zeros are as the widest input has channels.
    let zeros: Int

    init<E: Error>(_ plan: Plan, kernels: VectorKernels, parameters: (Parameter) throws(E) -> [Float]) throws(E) {
        let lineCount = 16
        var count = 0
        func reserve(_ floats: Int) -> Int {
            defer { count += (floats + lineCount - 1) / lineCount * lineCount }
            return count
        }
        places = plan.steps.map { step in
            step.operation.packings.map { packing in
                Place(
                    weight: reserve(packing.count(kernels: kernels)),
                    bias: reserve(packing.convolution.outputChannels))
            }
        }
        let widest = plan.steps.flatMap(\.operation.convolutions).map(\.inputChannels).max() ?? 0
        zeros = reserve(widest)

        buffer = TensorBuffer(count: count)
        for (step, places) in zip(plan.steps, places) {
            for (packing, (layer, place)) in zip(step.operation.packings, zip(step.layers, places)) {
                let folded = try FoldedConvolution(packing.convolution, block: layer.block, parameters: parameters)
                buffer.withUnsafeMutablePointer { weights in
                    packing.pack(folded.weight, into: weights + place.weight, kernels: kernels)
                    (weights + place.bias).update(from: folded.bias, count: folded.bias.count)
                }
            }
        }
    }
}

/// The order in which a kernel reads a convolution's weights.
private enum Packing {
    case panels(Convolution)
    case winograd(Convolution, tile: Int)
    /// The channels of a tap side by side.
    case depthwise(Convolution)

    var convolution: Convolution {
        switch self {
        case .panels(let convolution), .winograd(let convolution, _), .depthwise(let convolution): convolution
        }
    }

    /// The floats that the packed weights take.
    func count(kernels: VectorKernels) -> Int {
        switch self {
        case .panels(let convolution):
            convolution.groups
                * kernels.packedCount(
                    columns: convolution.outputChannels / convolution.groups, depth: convolution.depth)
        case .winograd(let convolution, let tile):
            kernels.winogradPackedCount(
                tile: tile, columns: convolution.outputChannels, channels: convolution.inputChannels)
        case .depthwise(let convolution): convolution.outputChannels * convolution.depth
        }
    }

    /// Writes `weight` `[O, kH, kW, I / groups]`.
    func pack(_ weight: [Float], into packed: UnsafeMutablePointer<Float>, kernels: VectorKernels) {
        weight.withUnsafeBufferPointer { buffer in
            let weight = buffer.baseAddress!
            switch self {
            case .panels(let convolution):
                let columns = convolution.outputChannels / convolution.groups
                let packedCount = kernels.packedCount(columns: columns, depth: convolution.depth)
                for group in 0..<convolution.groups {
                    kernels.pack(
                        weight + group * columns * convolution.depth, columns: columns, depth: convolution.depth,
                        into: packed + group * packedCount)
                }
            case .winograd(let convolution, let tile):
                kernels.winogradPack(
                    tile: tile, weight, columns: convolution.outputChannels, channels: convolution.inputChannels,
                    into: packed)
            case .depthwise(let convolution):
                transpose(weight, rows: convolution.outputChannels, columns: convolution.depth, into: packed)
            }
        }
    }
}

extension Plan.Operation {
    /// One for each of ``convolutions``.
    fileprivate var packings: [Packing] {
        switch self {
        case .product(let convolution), .convolution(let convolution): [.panels(convolution)]
        case .winograd(let convolution, let tiling): [.winograd(convolution, tile: tiling.tile)]
        case .depthwise(let convolution): [.depthwise(convolution)]
        case .invertedResidual(let block):
            (block.expand.map { [.panels($0)] } ?? []) + [.depthwise(block.depthwise), .panels(block.project)]
        case .pool, .mean, .elementwise: []
        }
    }
}

/// `[rows, columns]` to `[columns, rows]`: a depthwise kernel reads the channels of a tap side by side.
private func transpose(
    _ elements: UnsafePointer<Float>, rows: Int, columns: Int, into result: UnsafeMutablePointer<Float>
) {
    for r in 0..<rows {
        for c in 0..<columns { result[c * rows + r] = elements[r * columns + c] }
    }
}
