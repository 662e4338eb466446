import CKernels
import GraftTensor

/// A depthwise convolution, what follows it channel by channel, and its activation.
///
/// The kernels read weights as `[kernel, kernel, C]`, where a checkpoint has `[C, kernel, kernel]`.
final class DepthwiseTraining: TrainingOperation {
    private let convolution: Convolution
    private let input: BatchMap
    private let output: BatchMap
    private let filters: FilterParameters
    private let activation: ActivationTraining
    private let arrival: GradientArrival
    /// Scaled weights and their gradient, `[kernel, kernel, C]`.
    private let weights: FloatStorage
    private let weightGradient: FloatStorage

    /// - Precondition: `arrival` is not `further`, and there is a kernel for the convolution.
    init(
        _ convolution: Convolution, filters: FilterParameters, input: BatchMap, output: BatchMap,
        arrival: GradientArrival, batch: Int
    ) {
        precondition(convolution.hasDepthwiseKernel)
        self.convolution = convolution
        self.filters = filters
        (self.input, self.output, self.arrival) = (input, output, arrival)
        activation = ActivationTraining(convolution.activation, output: output, batch: batch)
        weights = FloatStorage(count: filters.weight.count)
        weightGradient = FloatStorage(count: filters.weight.count)
    }

    // MARK: - Forward

    func forward(_ pass: TrainingPass) {
        filters.fold()
        let (channels, depth) = (convolution.outputChannels, convolution.depth)
        for c in 0..<channels {
            let scale = filters.scale?[c] ?? 1
            for t in 0..<depth { weights.pointer[t * channels + c] = filters.weight.values[c * depth + t] * scale }
        }
        let (top, left, _) = convolution.output(of: input.shape)
        let (target, applied) = activation.target
        pass.share(pass.images) { [self] image, _ in
            pass.kernels.depthwise(
                graft_depthwise(
                    height: Int64(input.shape.height), width: Int64(input.shape.width), channels: Int64(channels),
                    kernel: Int64(convolution.kernel), stride: Int64(convolution.stride), padding_top: Int64(top),
                    padding_left: Int64(left), output_width: Int64(output.shape.width), first_row: 0,
                    first_output_row: 0, input: input.values.pointer + image * input.shape.count,
                    weights: weights.pointer, bias: filters.bias, zeros: pass.zeros.pointer,
                    output: target.pointer + image * output.shape.count, activation: applied),
                rows: 0..<output.shape.height)
        }
        activation.forward(pass)
    }

    // MARK: - Backward

    func backward(_ pass: TrainingPass) {
        activation.backward(pass)
        let (channels, depth) = (convolution.outputChannels, convolution.depth)
        let gradient = gradient(pass)
        // The kernel's ranges begin at multiples of 16 channels.
        let lines = (channels + 15) / 16
        pass.share(lines, atMost: 4) { lines, _ in
            pass.trainingKernels.depthwiseWeightGradient(
                gradient, channels: lines.lowerBound * 16..<min(channels, lines.upperBound * 16))
        }
        for c in 0..<channels {
            for t in 0..<depth {
                filters.weight.gradient[c * depth + t] = weightGradient.pointer[t * channels + c]
            }
        }
        filters.finishGradients(pass, biasGradient: activation.biasGradient)

        guard case .first(let addend) = arrival else { return }
        let count = input.shape.count
        pass.share(pass.images) { [self] image, _ in
            pass.trainingKernels.depthwiseInputGradient(gradient, images: image..<image + 1)
            guard let addend else { return }
            pass.trainingKernels.add(
                addend.pointer + image * count, count: count, to: input.gradient!.pointer + image * count)
        }
    }

    private func gradient(_ pass: TrainingPass) -> graft_depthwise_gradient {
        let (top, left, _) = convolution.output(of: input.shape)
        return graft_depthwise_gradient(
            images: Int64(pass.images), height: Int64(input.shape.height), width: Int64(input.shape.width),
            channels: Int64(input.shape.channels), output_height: Int64(output.shape.height),
            output_width: Int64(output.shape.width), kernel: Int64(convolution.kernel),
            stride: Int64(convolution.stride), padding_top: Int64(top), padding_left: Int64(left),
            input: input.values.pointer, output_gradient: output.gradient!.pointer, weights: weights.pointer,
            input_gradient: input.gradient?.pointer, weight_gradient: weightGradient.pointer,
            zeros: pass.zeros.pointer)
    }
}
