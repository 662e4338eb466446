import CKernels
import GraftTensor

/// The activation that ends a layer, `output = f(sum)`, and the gradient of the bias that is part of the sum.
final class ActivationTraining {
    private let activation: graft_activation
    private let output: BatchMap
    /// The sum, where f' cannot be told from f.
    private let sum: FloatStorage?
    /// By image, then in all: `[N + 1, C]`.
    private let sums: FloatStorage
    private let batch: Int

    init(_ activation: Activation, output: BatchMap, batch: Int) {
        self.activation = activation.applied
        self.output = output
        self.batch = batch
        sum = self.activation.curve == graft_curve_none ? nil : FloatStorage(count: batch * output.shape.count)
        sums = FloatStorage(count: (batch + 1) * output.shape.channels)
    }

    // MARK: - Forward

    /// Where the layer's kernel writes, and what it applies as it does.
    var target: (values: FloatStorage, activation: graft_activation) {
        if let sum { (sum, Activation.none.applied) } else { (output.values, activation) }
    }

    /// Applies what the kernel did not.
    func forward(_ pass: TrainingPass) {
        guard let sum else { return }
        let count = output.shape.count
        pass.share(pass.images) { [self] image, _ in
            pass.trainingKernels.activate(
                sum.pointer + image * count, count: count, activation, into: output.values.pointer + image * count)
        }
    }

    // MARK: - Backward

    /// ∂loss/∂bias, summed over pixels, then over images. `[C]`
    var biasGradient: UnsafePointer<Float> { UnsafePointer(sums.pointer + batch * output.shape.channels) }

    /// Makes of ∂loss/∂output, in place, ∂loss/∂sum = ∂loss/∂output · f'(sum).
    func backward(_ pass: TrainingPass) {
        let (count, channels) = (output.shape.count, output.shape.channels)
        let gradient = output.gradient!.pointer
        let values = (sum ?? output.values).pointer
        pass.share(pass.images) { [self] image, _ in
            pass.trainingKernels.activationGradient(
                graft_activation_gradient(
                    pixels: Int64(output.shape.pixels), channels: Int64(channels), activation: activation,
                    output_gradient: gradient + image * count, values: values + image * count,
                    gradient: gradient + image * count, sums: sums.pointer + image * channels))
        }
        pass.trainingKernels.sumRows(
            sums.pointer, count: pass.images, columns: channels, into: sums.pointer + batch * channels)
    }
}
