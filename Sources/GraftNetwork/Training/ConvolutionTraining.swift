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
        // Each part gathers windows of its own; some tiles of filters must meet them for that not to count.
        let outputParts = max(1, min(outputs / 48, (15 + panels) / panels))
        pass.share(convolution.groups * panels * outputParts) { [self] part, scratch in
            let group = part / (panels * outputParts)
            let panel = part / outputParts % panels, p = part % outputParts
            pass.trainingKernels.weightGradient(
                graft_weight_gradient(
                    windows: product.windows(input.values.pointer, group: group),
                    positions: Int64(pass.images * product.pixels), outputs: Int64(outputs),
                    output_gradient: output.gradient!.pointer + group * outputs,
                    output_stride: Int64(convolution.outputChannels),
                    weight_gradient: filters.weight.gradient + group * outputs * convolution.depth, scratch: scratch),
                panels: panel..<panel + 1, outputs: outputs * p / outputParts..<outputs * (p + 1) / outputParts)
        }
    }
}
