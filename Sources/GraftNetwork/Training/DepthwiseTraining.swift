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
    /// Scaled weights with the last tap first.
    private let flipped: FloatStorage

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
        flipped = FloatStorage(count: filters.weight.count)
    }

    // MARK: - Forward

    func forward(_ pass: TrainingPass) {
        filters.fold()
        let (channels, depth) = (convolution.outputChannels, convolution.depth)
        // Pointers that were read once: a loop that reads them from objects would count references.
        let (from, scales) = (filters.weight.values, filters.scale)
        let (to, flipped) = (weights.pointer, flipped.pointer)
        pass.share(channels, atMost: 256) { range, _ in
            for c in range {
                let scale = scales?[c] ?? 1
                for t in 0..<depth {
                    let weight = from[c * depth + t] * scale
                    to[t * channels + c] = weight
                    flipped[(depth - 1 - t) * channels + c] = weight
                }
            }
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
        // The kernel's ranges begin at multiples of 16 channels; long runs of them are read faster.
        let lines = (channels + 15) / 16
        let (from, to) = (weightGradient.pointer, filters.weight.gradient)
        pass.share(lines, atMost: 18) { lines, _ in
            let range = lines.lowerBound * 16..<min(channels, lines.upperBound * 16)
            pass.trainingKernels.depthwiseWeightGradient(gradient, channels: range)
            for c in range {
                for t in 0..<depth { to[c * depth + t] = from[t * channels + c] }
            }
        }
        filters.finishGradients(pass, biasGradient: activation.biasGradient)

        guard case .first(let addend) = arrival else { return }
        let count = input.shape.count
        pass.share(pass.images) { [self] image, _ in
            if convolution.stride == 1 {
                pass.kernels.depthwise(flippedConvolution(image, pass), rows: 0..<input.shape.height)
            } else {
                pass.trainingKernels.depthwiseInputGradient(gradient, images: image..<image + 1)
            }
            guard let addend else { return }
            pass.trainingKernels.add(
                addend.pointer + image * count, count: count, to: input.gradient!.pointer + image * count)
        }
    }

    /// With a stride of 1 the input's gradient is the output's, convolved with the weights from the last to the first.
    private func flippedConvolution(_ image: Int, _ pass: TrainingPass) -> graft_depthwise {
        let (top, left, _) = convolution.output(of: input.shape)
        return graft_depthwise(
            height: Int64(output.shape.height), width: Int64(output.shape.width),
            channels: Int64(output.shape.channels), kernel: Int64(convolution.kernel), stride: 1,
            padding_top: Int64(convolution.kernel - 1 - top), padding_left: Int64(convolution.kernel - 1 - left),
            output_width: Int64(input.shape.width), first_row: 0, first_output_row: 0,
            input: output.gradient!.pointer + image * output.shape.count, weights: flipped.pointer,
            bias: pass.zeros.pointer, zeros: pass.zeros.pointer,
            output: input.gradient!.pointer + image * input.shape.count, activation: Activation.none.applied)
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
