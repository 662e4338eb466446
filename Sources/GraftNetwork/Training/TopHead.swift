import GraftTensor

/// What answers above a top's features while it trains: one dense layer, or two with ReLU between them.
package struct TopHead: Sendable {
    /// L, the length of the logits.
    package let labelCount: Int
    /// The width of the layer between; nil if there is none.
    package let hiddenCount: Int?
    /// The part of what enters the last layer that is dropped.
    package let dropout: Float
    /// Whether it sees the signed square roots of the features.
    package let takesRoots: Bool

    package init(labelCount: Int, hiddenCount: Int? = nil, dropout: Float = 0, takesRoots: Bool = false) {
        (self.labelCount, self.hiddenCount, self.dropout) = (labelCount, hiddenCount, dropout)
        self.takesRoots = takesRoots
    }

    /// The name of the group of its parameters, which are `head.output.weight`, `head.output.bias` and perhaps
    /// `head.hidden.weight` and `head.hidden.bias`.
    package static let name = "head"

    func hidden(features: Int) -> Convolution? {
        hiddenCount.map { dense("hidden", from: features, to: $0, activation: .relu) }
    }

    func output(features: Int) -> Convolution {
        dense("output", from: hiddenCount ?? features, to: labelCount, activation: .none)
    }

    func parameters(features: Int) -> [Parameter] {
        (hidden(features: features)?.parameters(in: Self.name) ?? [])
            + output(features: features).parameters(in: Self.name)
    }

    /// Values to begin with for one of its parameters: uniform within ±1/√inputs, as PyTorch's `Linear` begins.
    ///
    /// - Parameter features: The length of the features that the head is above.
    package func initialElements(
        of parameter: Parameter, features: Int, using generator: inout some RandomNumberGenerator
    ) -> [Float] {
        let inputs = parameter.name.hasPrefix("\(Self.name).hidden") ? features : hiddenCount ?? features
        let bound = 1 / Float(inputs).squareRoot()
        return (0..<parameter.shape.reduce(1, *)).map { _ in .random(in: -bound...bound, using: &generator) }
    }

    /// A convolution over a map of one pixel.
    private func dense(_ name: String, from inputs: Int, to outputs: Int, activation: Activation) -> Convolution {
        Convolution(
            name, from: inputs, to: outputs, kernel: 1, padding: .symmetric(0), normalizationEpsilon: nil,
            activation: activation, sources: [])
    }
}
