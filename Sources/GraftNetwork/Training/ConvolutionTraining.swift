import CKernels
import GraftTensor

/// A convolution of any window and grouping, what follows it channel by channel, what is added to it, and its
/// activation. A dense layer is one over maps of one pixel.
final class ConvolutionTraining: TrainingOperation {
    private let convolution: Convolution
    private let input: BatchMap
    private let output: BatchMap
    /// What is added before the activation.
    private let residual: BatchMap?
    private let filters: FilterParameters
    private let activation: ActivationTraining
    private let product: WindowProduct
    private let packed: FloatStorage
    private let inputGradient: InputGradient?
    /// Floats of scratch space that each thread needs.
    let scratchCount: Int

    init(
        _ convolution: Convolution, filters: FilterParameters, input: BatchMap, output: BatchMap, residual: BatchMap?,
        arrival: GradientArrival, batch: Int, instructionSet: InstructionSet
    ) {
        self.convolution = convolution
        self.filters = filters
        (self.input, self.output, self.residual) = (input, output, residual)
        let (kernels, trainingKernels) = (instructionSet.kernels, instructionSet.trainingKernels)
        activation = ActivationTraining(convolution.activation, output: output, batch: batch)
        let (top, left, _) = convolution.output(of: input.shape)
        let (kernel, dilation) = (convolution.kernel, convolution.dilation)
        product = WindowProduct(
            over: input.shape, gridHeight: output.shape.height, gridWidth: output.shape.width,
            step: convolution.stride,
            taps: Taps(
                (0..<kernel * kernel).map { ($0 / kernel * dilation - top, $0 % kernel * dilation - left, $0) }),
            groups: convolution.groups, columns: convolution.outputChannels, kernels: kernels)
        packed = FloatStorage(count: product.weightCount)
        inputGradient = InputGradient(
            convolution, input: input, output: output, arrival: arrival, kernels: kernels)
        scratchCount = max(
            product.scratchCount, trainingKernels.weightGradientScratch, inputGradient?.scratchCount ?? 0)
    }

    // MARK: - Forward

    func forward(_ pass: TrainingPass) {
        filters.fold()
        pack(pass)
        let (target, applied) = activation.target
        let columns = convolution.outputChannels
        pass.share(pass.images * product.pixels, atMost: product.rowCount) { [self] rows, scratch in
            let offset = rows.lowerBound * columns
            product.compute(
                rows, of: input.values.pointer, weights: packed.pointer,
                into: WindowProduct.Result(
                    bias: filters.bias, residual: residual.map { UnsafePointer($0.values.pointer + offset) },
                    activation: applied, output: target.pointer + offset),
                scratch: scratch, pass: pass)
        }
        activation.forward(pass)
    }

    private func pack(_ pass: TrainingPass) {
        let outputs = convolution.outputChannels / convolution.groups
        for group in 0..<convolution.groups {
            pass.share(product.panels, atMost: max(1, 16384 / convolution.depth)) { [self] panels, _ in
                pass.trainingKernels.pack(
                    filters.weight.values + group * outputs * convolution.depth,
                    scale: filters.scale.map { $0 + group * outputs }, columns: outputs, depth: convolution.depth,
                    into: packed.pointer + product.weightOffset(group: group), panels: panels)
            }
        }
    }

    // MARK: - Backward

    func backward(_ pass: TrainingPass) {
        activation.backward(pass)
        formWeightGradient(pass)
        filters.finishGradients(pass, biasGradient: activation.biasGradient)
        inputGradient?.compute(pass, filters: filters)
    }

    /// Σ over the output's pixels of gradient times window.
    private func formWeightGradient(_ pass: TrainingPass) {
        let outputs = convolution.outputChannels / convolution.groups
        let panels = pass.kernels.panels(columns: convolution.depth)
        let (panelParts, outputParts) = Self.weightGradientParts(
            panels: panels, depth: convolution.depth, outputs: outputs)
        pass.share(convolution.groups * panelParts * outputParts) { [self] part, scratch in
            let group = part / (panelParts * outputParts)
            let n = part / outputParts % panelParts, o = part % outputParts
            pass.trainingKernels.weightGradient(
                graft_weight_gradient(
                    windows: product.windows(input.values.pointer, group: group),
                    positions: Int64(pass.images * product.pixels), outputs: Int64(outputs),
                    output_gradient: output.gradient!.pointer + group * outputs,
                    output_stride: Int64(convolution.outputChannels),
                    weight_gradient: filters.weight.gradient + group * outputs * convolution.depth, scratch: scratch),
                panels: panels * n / panelParts..<panels * (n + 1) / panelParts,
                outputs: outputs * o / outputParts..<outputs * (o + 1) / outputParts)
        }
    }

    /// How many parts of panels times how many of filters a weight gradient is divided into.
    ///
    /// Each part reads the windows of its columns, and the output gradients of its filters: of all divisions into enough
    /// parts, the one with the least to read.
    private static func weightGradientParts(panels: Int, depth: Int, outputs: Int) -> (panels: Int, outputs: Int) {
        // So many sums that they stay in the second-level cache from positions to positions.
        let cachedSums = 131_072
        // So many parts that threads end at about the same time.
        let leastParts = 8
        let wanted = max(leastParts, (depth * outputs + cachedSums - 1) / cachedSums)
        var best = (panels: 1, outputs: 1)
        var least = Int.max
        for outputParts in 1...max(1, outputs / 48) {
            let panelParts = min(panels, (wanted + outputParts - 1) / outputParts)
            guard panelParts * outputParts >= wanted || panelParts == panels else { continue }
            let missing = max(0, wanted - panelParts * outputParts)
            let read = outputParts * depth + panelParts * outputs + missing * depth * outputs
            if read < least { (best, least) = ((panelParts, outputParts), read) }
        }
        return best
    }
}
