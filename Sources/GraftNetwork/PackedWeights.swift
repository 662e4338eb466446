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
    /// Where as many zeros are as the widest depthwise convolution has channels.
    let zeros: Int

    init<E: Error>(_ plan: Plan, kernels: VectorKernels, parameters: (Parameter) throws(E) -> [Float]) throws(E) {
        let lineCount = 16
        var places: [Place] = []
        var count = 0
        func reserve(_ floats: Int) -> Int {
            defer { count += (floats + lineCount - 1) / lineCount * lineCount }
            return count
        }
        var widest = 0
        for step in plan.steps {
            guard let convolution = step.operation.weighted else {
                places.append(Place())
                continue
            }
            if convolution.isDepthwise { widest = max(widest, convolution.outputChannels) }
            let weight = reserve(
                convolution.isDepthwise
                    ? convolution.outputChannels * convolution.kernel * convolution.kernel
                    : kernels.packedCount(columns: convolution.outputChannels, depth: convolution.depth))
            places.append(Place(weight: weight, bias: reserve(convolution.outputChannels)))
        }
        zeros = reserve(widest)

        buffer = TensorBuffer(count: count)
        self.places = places
        for (step, place) in zip(plan.steps, places) {
            guard let convolution = step.operation.weighted else { continue }
            let folded = try FoldedConvolution(convolution, block: step.block, parameters: parameters)
            buffer.withUnsafeMutablePointer { weights in
                if convolution.isDepthwise {
                    transpose(
                        folded.weight, rows: convolution.outputChannels, columns: convolution.depth,
                        into: weights + place.weight)
                } else {
                    kernels.pack(
                        folded.weight, columns: convolution.outputChannels, depth: convolution.depth,
                        into: weights + place.weight)
                }
                (weights + place.bias).update(from: folded.bias, count: folded.bias.count)
            }
        }
    }
}

/// `[rows, columns]` to `[columns, rows]`: a depthwise kernel reads the channels of a tap side by side.
private func transpose(_ elements: [Float], rows: Int, columns: Int, into result: UnsafeMutablePointer<Float>) {
    for r in 0..<rows {
        for c in 0..<columns { result[c * rows + r] = elements[r * columns + c] }
    }
}
