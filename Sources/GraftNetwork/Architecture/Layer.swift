/// A step of a block: one tensor out of one or more.
package enum Layer: Sendable {
    /// What is added, if anything, is added before the activation.
    case convolution(Convolution)
    case pooling(Pooling)
    /// The mean over height and width: `[H, W, C]` to `[1, 1, C]`.
    case globalAveragePooling
    /// The sum of two tensors of one shape, then an activation.
    case sum(Activation)
    /// The first tensor times the second, which has the same shape or is `[1, 1, C]`.
    case product
    /// Tensors of one height and width, side by side along the channels.
    case concatenation
    case activation(Activation)
    /// Zeros around the image.
    case padding(Padding)

    /// The name that it has in its block unless another is given.
    var defaultName: String {
        switch self {
        case .convolution(let convolution): convolution.name
        case .pooling: "pool"
        case .globalAveragePooling: "mean"
        case .sum: "sum"
        case .product: "product"
        case .concatenation: "concatenation"
        case .activation: "activation"
        case .padding: "padding"
        }
    }

    /// How many tensors it takes.
    package var inputCounts: ClosedRange<Int> {
        switch self {
        case .convolution, .pooling, .globalAveragePooling, .activation, .padding: 1...1
        case .sum, .product: 2...2
        case .concatenation: 2...4096
        }
    }

    /// The shape that comes out of tensors of the shapes `inputs`; nil if the layer cannot take these.
    package func output(of inputs: [MapShape]) -> MapShape? {
        guard inputCounts.contains(inputs.count) else { return nil }
        let input = inputs[0]
        let output: MapShape
        switch self {
        case .convolution(let convolution):
            guard convolution.inputChannels == input.channels else { return nil }
            output = convolution.output(of: input).shape
        case .pooling(let pooling): output = pooling.output(of: input).shape
        case .globalAveragePooling: output = MapShape(height: 1, width: 1, channels: input.channels)
        case .sum:
            guard inputs[1] == input else { return nil }
            output = input
        case .product:
            guard inputs[1] == input || inputs[1] == MapShape(height: 1, width: 1, channels: input.channels) else {
                return nil
            }
            output = input
        case .concatenation:
            guard inputs.allSatisfy({ $0.height == input.height && $0.width == input.width }) else { return nil }
            output = MapShape(
                height: input.height, width: input.width, channels: inputs.reduce(0) { $0 + $1.channels })
        case .activation: output = input
        case .padding(let padding):
            // A window of one element, moved by one, stands everywhere once.
            output = MapShape(
                height: padding.along(.vertical, input: input.height, kernel: 1, stride: 1).output,
                width: padding.along(.horizontal, input: input.width, kernel: 1, stride: 1).output,
                channels: input.channels)
        }
        return output.height > 0 && output.width > 0 && output.isCountable ? output : nil
    }

    /// Its parameters in the block called `block`.
    func parameters(in block: String) -> [Parameter] {
        if case .convolution(let convolution) = self { convolution.parameters(in: block) } else { [] }
    }
}
