/// A convolution with its batch normalisation multiplied in: `weight ∗ x + bias`.
package struct FoldedConvolution {
    /// `[O, kH, kW, I / groups]`
    package let weight: [Float]
    /// `[O]`
    package let bias: [Float]

    /// Folds what `parameters` returns for each of the convolution's parameters.
    ///
    /// `γ (w ∗ x + bias − mean) / √(variance + ε) + β` is a convolution again; its weights are formed in 64-bit and
    /// rounded once.
    package init<E: Error>(
        _ convolution: Convolution, block: String, parameters: (Parameter) throws(E) -> [Float]
    ) throws(E) {
        var values: [Substring: [Float]] = [:]
        for parameter in convolution.parameters(in: block) {
            let elements = try parameters(parameter)
            precondition(elements.count == parameter.count, "\(parameter.name) has another shape")
            values[parameter.name.split(separator: ".").last!] = elements
        }
        var weight = values["weight"]!
        var bias = values["bias"] ?? [Float](repeating: 0, count: convolution.outputChannels)
        guard let epsilon = convolution.normalizationEpsilon else {
            (self.weight, self.bias) = (weight, bias)
            return
        }
        let (gamma, beta, mean, variance) = (values["gamma"]!, values["beta"]!, values["mean"]!, values["variance"]!)
        let filterCount = weight.count / convolution.outputChannels
        for o in 0..<convolution.outputChannels {
            let scale = Double(gamma[o]) / (Double(variance[o]) + Double(epsilon)).squareRoot()
            for i in o * filterCount..<(o + 1) * filterCount { weight[i] = Float(Double(weight[i]) * scale) }
            bias[o] = Float(Double(beta[o]) + (Double(bias[o]) - Double(mean[o])) * scale)
        }
        (self.weight, self.bias) = (weight, bias)
    }
}
