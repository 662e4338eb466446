import CKernels
import GraftTensor

/// The largest or the mean element of a sliding window.
final class PoolingTraining: TrainingOperation {
    private let pooling: Pooling
    private let input: BatchMap
    private let output: BatchMap
    private let arrival: GradientArrival

    /// - Precondition: `arrival` is not `further`.
    init(_ pooling: Pooling, input: BatchMap, output: BatchMap, arrival: GradientArrival) {
        (self.pooling, self.input, self.output, self.arrival) = (pooling, input, output, arrival)
    }

    func forward(_ pass: TrainingPass) {
        pass.share(pass.images) { [self] image, _ in
            pass.kernels.pool(operands(image), rows: 0..<output.shape.height)
        }
    }

    func backward(_ pass: TrainingPass) {
        guard case .first(let addend) = arrival else { return }
        let count = input.shape.count
        pass.share(pass.images) { [self] image, _ in
            let gradient = input.gradient!.pointer + image * count
            pass.trainingKernels.poolGradient(
                graft_pool_gradient(
                    pool: operands(image), output_height: Int64(output.shape.height),
                    output_gradient: output.gradient!.pointer + image * output.shape.count, input_gradient: gradient))
            if let addend { pass.trainingKernels.add(addend.pointer + image * count, count: count, to: gradient) }
        }
    }

    private func operands(_ image: Int) -> graft_pool {
        let (top, left, _) = pooling.output(of: input.shape)
        return graft_pool(
            height: Int64(input.shape.height), width: Int64(input.shape.width),
            channels: Int64(input.shape.channels), kernel: Int64(pooling.kernel), stride: Int64(pooling.stride),
            padding_top: Int64(top), padding_left: Int64(left), output_width: Int64(output.shape.width),
            takes_mean: pooling.kind == .max ? 0 : 1,
            counts_padding: pooling.kind == .average(countsPadding: true) ? 1 : 0,
            input: input.values.pointer + image * input.shape.count,
            output: output.values.pointer + image * output.shape.count)
    }
}

/// The mean over height and width.
final class MeanTraining: TrainingOperation {
    private let input: BatchMap
    private let output: BatchMap
    private let arrival: GradientArrival

    /// - Precondition: `arrival` is not `further`.
    init(input: BatchMap, output: BatchMap, arrival: GradientArrival) {
        (self.input, self.output, self.arrival) = (input, output, arrival)
    }

    func forward(_ pass: TrainingPass) {
        let (count, channels) = (input.shape.count, input.shape.channels)
        pass.share(pass.images) { [self] image, _ in
            pass.kernels.mean(
                graft_mean(
                    pixels: Int64(input.shape.pixels), channels: Int64(channels),
                    input: input.values.pointer + image * count, output: output.values.pointer + image * channels))
        }
    }

    func backward(_ pass: TrainingPass) {
        guard case .first(let addend) = arrival else { return }
        let (count, channels) = (input.shape.count, input.shape.channels)
        pass.share(pass.images) { [self] image, _ in
            let gradient = input.gradient!.pointer + image * count
            pass.trainingKernels.meanGradient(
                output.gradient!.pointer + image * channels, pixels: input.shape.pixels, channels: channels,
                into: gradient)
            if let addend { pass.trainingKernels.add(addend.pointer + image * count, count: count, to: gradient) }
        }
    }
}
