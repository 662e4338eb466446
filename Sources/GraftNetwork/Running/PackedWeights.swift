import GraftTensor

/// Every weight of a network, folded, in the order in which the kernels read it, in one stretch of memory.
struct PackedWeights: ~Copyable, Sendable {
    /// Where the weights of a step are, in floats.
    struct Place: Sendable {
        var weight = 0
        var bias = 0
    }

    private(set) var buffer: TensorBuffer
    /// By step.
    let places: [Place]
    /// Where as many zeros are as the widest input has channels.
    let zeros: Int

    init<E: Error>(_ plan: Plan, kernels: VectorKernels, parameters: (Parameter) throws(E) -> [Float]) throws(E) {
        let lineCount = 16
        var places: [Place] = []
        var count = 0
        func reserve(_ floats: Int) -> Int {
            defer { count += (floats + lineCount - 1) / lineCount * lineCount }
            return count
        }
        for step in plan.steps {
            guard let convolution = step.operation.convolution else {
                places.append(Place())
                continue
            }
            let weight = reserve(step.operation.weightCount(kernels: kernels))
            places.append(Place(weight: weight, bias: reserve(convolution.outputChannels)))
        }
        zeros = reserve(plan.maps.map(\.channels).max()!)

        buffer = TensorBuffer(count: count)
        self.places = places
        for (step, place) in zip(plan.steps, places) {
            guard let convolution = step.operation.convolution else { continue }
            let folded = try FoldedConvolution(convolution, block: step.block, parameters: parameters)
            buffer.withUnsafeMutablePointer { weights in
                step.operation.pack(folded.weight, into: weights + place.weight, kernels: kernels)
                (weights + place.bias).update(from: folded.bias, count: folded.bias.count)
            }
        }
    }
}

extension Plan.Operation {
    /// The floats that the packed weights take.
    fileprivate func weightCount(kernels: VectorKernels) -> Int {
        switch self {
        case .product(let convolution), .convolution(let convolution):
            convolution.groups
                * kernels.packedCount(
                    columns: convolution.outputChannels / convolution.groups, depth: convolution.depth)
        case .winograd(let convolution, let tiling):
            kernels.winogradPackedCount(
                tile: tiling.tile, columns: convolution.outputChannels, channels: convolution.inputChannels)
        case .depthwise(let convolution): convolution.outputChannels * convolution.depth
        case .pool, .mean: 0
        }
    }

    /// Writes `weight` `[O, kH, kW, I / groups]` as the kernel reads it.
    fileprivate func pack(_ weight: [Float], into packed: UnsafeMutablePointer<Float>, kernels: VectorKernels) {
        weight.withUnsafeBufferPointer { buffer in
            let weight = buffer.baseAddress!
            switch self {
            case .product(let convolution), .convolution(let convolution):
                let columns = convolution.outputChannels / convolution.groups
                let packedCount = kernels.packedCount(columns: columns, depth: convolution.depth)
                for group in 0..<convolution.groups {
                    kernels.pack(
                        weight + group * columns * convolution.depth, columns: columns, depth: convolution.depth,
                        into: packed + group * packedCount)
                }
            case .winograd(let convolution, let tiling):
                kernels.winogradPack(
                    tile: tiling.tile, weight, columns: convolution.outputChannels,
                    channels: convolution.inputChannels, into: packed)
            case .depthwise(let convolution):
                transpose(weight, rows: convolution.outputChannels, columns: convolution.depth, into: packed)
            case .pool, .mean: break
            }
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
