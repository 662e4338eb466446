/// A convolution with its batch normalisation multiplied in: `weight ∗ x + bias`.
struct FoldedConvolution {
    /// `[O, kH, kW, I / groups]`
    let weight: [Float]
    /// `[O]`
    let bias: [Float]

    /// Folds what `parameters` returns for each of the convolution's parameters.
    ///
    /// `γ (w ∗ x − mean) / √(variance + ε) + β` is a convolution again; its weights are formed in 64-bit and rounded once.
    init<E: Error>(
        _ convolution: Convolution, block: String, parameters: (Parameter) throws(E) -> [Float]
    ) throws(E) {
        let wanted = convolution.parameters(in: block)
        var values: [[Float]] = []
        for parameter in wanted {
            let elements = try parameters(parameter)
            precondition(elements.count == parameter.shape.reduce(1, *), "\(parameter.name) has another shape")
            values.append(elements)
        }
        guard let epsilon = convolution.normalizationEpsilon else {
            (weight, bias) = (values[0], values[1])
            return
        }
        var (weight, bias) = (values[0], values[2])
        let (gamma, mean, variance) = (values[1], values[3], values[4])
        let filterCount = weight.count / convolution.outputChannels
        for o in 0..<convolution.outputChannels {
            let scale = Double(gamma[o]) / (Double(variance[o]) + Double(epsilon)).squareRoot()
            for i in o * filterCount..<(o + 1) * filterCount { weight[i] = Float(Double(weight[i]) * scale) }
            bias[o] = Float(Double(bias[o]) - Double(mean[o]) * scale)
        }
        (self.weight, self.bias) = (weight, bias)
    }
}
