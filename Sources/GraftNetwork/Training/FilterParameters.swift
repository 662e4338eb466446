import GraftTensor

/// The parameters of a convolution while it trains: filters, and what is applied to each one's sums, a bias, γ and β over
/// statistics that stay as they are, or both.
///
/// `γ (w ∗ x + bias − mean) / √(variance + ε) + β` is computed as `scale · w ∗ x + bias`, with filters scaled as they are
/// packed; see ``FoldedConvolution``.
final class FilterParameters {
    /// `[O, depth]`
    let weight: TrainedParameters.Slice
    private let gamma: TrainedParameters.Slice?
    /// β, or the bias itself where nothing is normalised.
    private let shift: TrainedParameters.Slice
    /// The bias that normalisation follows.
    private let innerBias: TrainedParameters.Slice?
    private let mean: [Float]
    /// 1 / √(variance + ε)
    private let inverseDeviation: [Float]
    private let scales: FloatStorage
    private let biases: FloatStorage
    private let depth: Int

    var outputs: Int { shift.count }

    init(_ convolution: Convolution, block: String, in parameters: TrainedParameters) {
        let named = Dictionary(
            uniqueKeysWithValues: convolution.parameters(in: block).map {
                ($0.name.split(separator: ".").last!, $0.name)
            })
        depth = convolution.depth
        weight = parameters.slice(named["weight"]!)
        gamma = named["gamma"].map(parameters.slice)
        shift = parameters.slice(named["beta"] ?? named["bias"]!)
        innerBias = named["beta"] == nil ? nil : named["bias"].map(parameters.slice)
        mean = named["mean"].map(parameters.stored) ?? []
        let epsilon = Double(convolution.normalizationEpsilon ?? 0)
        inverseDeviation = (named["variance"].map(parameters.stored) ?? []).map {
            Float(1 / (Double($0) + epsilon).squareRoot())
        }
        scales = FloatStorage(count: convolution.outputChannels)
        biases = FloatStorage(count: convolution.outputChannels)
    }

    // MARK: - Forward

    /// What each filter is multiplied with; nil if with nothing. `[O]`
    var scale: UnsafePointer<Float>? { gamma == nil ? nil : UnsafePointer(scales.pointer) }
    /// `[O]`
    var bias: UnsafePointer<Float> { gamma == nil ? UnsafePointer(shift.values) : UnsafePointer(biases.pointer) }

    /// Brings ``scale`` and ``bias`` up to date.
    func fold() {
        guard let gamma else { return }
        for o in 0..<outputs {
            scales.pointer[o] = gamma.values[o] * inverseDeviation[o]
            biases.pointer[o] = shift.values[o] + centre(o) * scales.pointer[o]
        }
    }

    /// What is added to the sums of filter `o` before they are scaled.
    private func centre(_ o: Int) -> Float { (innerBias?.values[o] ?? 0) - mean[o] }

    // MARK: - Backward

    /// Makes of the gradients of scaled filters, in place, those of filters, and of `biasGradient` `[O]` those of the
    /// bias, and of γ and β.
    func finishGradients(_ pass: TrainingPass, biasGradient: UnsafePointer<Float>) {
        shift.gradient.update(from: biasGradient, count: outputs)
        guard let gamma else { return }
        let (depth, weight, scales) = (depth, weight, scales.pointer)
        if let innerBias {
            for o in 0..<outputs { innerBias.gradient[o] = biasGradient[o] * scales[o] }
        }
        let (inverseDeviation, kernels) = (inverseDeviation, pass.trainingKernels)
        pass.share(outputs, atMost: max(1, 65536 / depth)) { [self] filters, _ in
            for o in filters {
                // ∂loss/∂scale is the product of the scaled filter's gradient with the filter.
                let product = kernels.scaleFilterGradient(
                    weight.gradient + o * depth, weight: weight.values + o * depth, count: depth, scale: scales[o])
                gamma.gradient[o] = (product + centre(o) * biasGradient[o]) * inverseDeviation[o]
            }
        }
    }
}
