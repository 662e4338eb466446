/// What is applied to every element as a layer's kernel stores it.
package enum Activation: String, Sendable {
    case none, relu, relu6
}

/// How many zeros surround an image before a window slides over it.
package enum Padding: Sendable, Equatable {
    /// As many on every side, as PyTorch does.
    case symmetric(Int)
    /// As many as an output of `ceil(input / stride)` needs, the odd one at the end, as TensorFlow's "SAME" does.
    case same

    /// The zeros before the first element of an axis, and the number of window positions along it.
    package func along(input: Int, kernel: Int, stride: Int) -> (before: Int, output: Int) {
        switch self {
        case .symmetric(let zeros):
            return (zeros, (input + 2 * zeros - kernel) / stride + 1)
        case .same:
            let output = (input + stride - 1) / stride
            return (max(0, (output - 1) * stride + kernel - input) / 2, output)
        }
    }
}

/// A two-dimensional convolution, its batch normalisation and its activation: one kernel call once folded.
package struct Convolution: Sendable {
    /// The name within its block, e.g. `expand`.
    package let name: String
    package let inputChannels: Int
    package let outputChannels: Int
    /// The window's side.
    package let kernel: Int
    package let stride: Int
    package let padding: Padding
    /// 1, or the number of channels if depthwise.
    package let groups: Int
    /// The ε of the batch normalisation that follows, or nil if the convolution has a bias instead.
    package let normalizationEpsilon: Float?
    package let activation: Activation
    /// Under which names foreign checkpoints hold it.
    package let sources: [Source]

    /// Where one family of checkpoints keeps a convolution and its batch normalisation: the names up to the last dot.
    package struct Source: Sendable {
        package let convolution: String
        package let normalization: String

        package init(_ convolution: String, _ normalization: String) {
            self.convolution = convolution
            self.normalization = normalization
        }
    }

    package init(
        _ name: String, from inputChannels: Int, to outputChannels: Int, kernel: Int, stride: Int = 1,
        padding: Padding, groups: Int = 1, normalizationEpsilon: Float?, activation: Activation, sources: [Source]
    ) {
        precondition(inputChannels % groups == 0 && outputChannels % groups == 0)
        self.name = name
        self.inputChannels = inputChannels
        self.outputChannels = outputChannels
        self.kernel = kernel
        self.stride = stride
        self.padding = padding
        self.groups = groups
        self.normalizationEpsilon = normalizationEpsilon
        self.activation = activation
        self.sources = sources
    }

    /// One filter per channel.
    package var isDepthwise: Bool { groups > 1 && groups == inputChannels && groups == outputChannels }

    /// The parameters in canonical order; `block` is the name of the block that holds the layer.
    package func parameters(in block: String) -> [Parameter] {
        let name = "\(block).\(self.name)"
        func vector(_ canonical: String, _ sourceNames: [String]) -> Parameter {
            Parameter(
                name: "\(name).\(canonical)", shape: [outputChannels], layout: .vector, sourceNames: sourceNames)
        }
        let weight = Parameter(
            name: "\(name).weight", shape: [outputChannels, kernel, kernel, inputChannels / groups],
            layout: .convolution, sourceNames: sources.map { $0.convolution + ".weight" })
        guard normalizationEpsilon != nil else {
            return [weight, vector("bias", sources.map { $0.convolution + ".bias" })]
        }
        return [
            weight,
            vector("gamma", sources.map { $0.normalization + ".weight" }),
            vector("beta", sources.map { $0.normalization + ".bias" }),
            vector("mean", sources.map { $0.normalization + ".running_mean" }),
            vector("variance", sources.map { $0.normalization + ".running_var" }),
        ]
    }
}
