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
    /// How far apart the window's taps are: 1 if side by side.
    package let dilation: Int
    /// How many parts the channels fall into, each convolved on its own: the number of channels if depthwise.
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
        padding: Padding, dilation: Int = 1, groups: Int = 1, normalizationEpsilon: Float?, activation: Activation,
        sources: [Source]
    ) {
        precondition(inputChannels % groups == 0 && outputChannels % groups == 0)
        self.name = name
        self.inputChannels = inputChannels
        self.outputChannels = outputChannels
        self.kernel = kernel
        self.stride = stride
        self.padding = padding
        self.dilation = dilation
        self.groups = groups
        self.normalizationEpsilon = normalizationEpsilon
        self.activation = activation
        self.sources = sources
    }

    /// One filter per channel.
    package var isDepthwise: Bool { groups > 1 && groups == inputChannels && groups == outputChannels }

    /// How many products an output element sums.
    package var depth: Int { kernel * kernel * inputChannels / groups }

    /// The zeros before the first element of each axis, and the shape that comes out.
    package func output(of input: MapShape) -> (top: Int, left: Int, shape: MapShape) {
        let (top, height) = padding.along(input: input.height, kernel: reach, stride: stride)
        let (left, width) = padding.along(input: input.width, kernel: reach, stride: stride)
        return (top, left, MapShape(height: height, width: width, channels: outputChannels))
    }

    /// How many elements along an axis the window spans.
    private var reach: Int { (kernel - 1) * dilation + 1 }

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
