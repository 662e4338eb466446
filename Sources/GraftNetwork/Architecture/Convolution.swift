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
    /// The ε of the batch normalisation that follows; nil if none does.
    package let normalizationEpsilon: Float?
    /// Whether a bias is added, before the normalisation if there is one.
    package let hasBias: Bool
    package let activation: Activation
    /// Under which names foreign checkpoints hold it.
    package let sources: [Source]

    /// Where one family of checkpoints keeps a convolution and its batch normalisation: the names up to the last
    /// separator.
    package struct Source: Sendable {
        package let convolution: String
        package let normalization: String
        package let framework: Parameter.Framework

        package init(_ convolution: String, _ normalization: String, _ framework: Parameter.Framework = .torch) {
            self.convolution = convolution
            self.normalization = normalization
            self.framework = framework
        }
    }

    /// - Parameter hasBias: Where nil, whether there is no normalisation, which would undo it.
    package init(
        _ name: String, from inputChannels: Int, to outputChannels: Int, kernel: Int, stride: Int = 1,
        padding: Padding, dilation: Int = 1, groups: Int = 1, normalizationEpsilon: Float?,
        hasBias: Bool? = nil, activation: Activation, sources: [Source]
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
        self.hasBias = hasBias ?? (normalizationEpsilon == nil)
        self.activation = activation
        self.sources = sources
    }

    /// One filter per channel.
    package var isDepthwise: Bool { groups > 1 && groups == inputChannels && groups == outputChannels }

    /// How many products an output element sums.
    package var depth: Int { kernel * kernel * inputChannels / groups }

    /// The zeros before the first element of each axis, and the shape that comes out.
    package func output(of input: MapShape) -> (top: Int, left: Int, shape: MapShape) {
        let (top, height) = padding.along(.vertical, input: input.height, kernel: reach, stride: stride)
        let (left, width) = padding.along(.horizontal, input: input.width, kernel: reach, stride: stride)
        return (top, left, MapShape(height: height, width: width, channels: outputChannels))
    }

    /// How many elements along an axis the window spans.
    private var reach: Int { (kernel - 1) * dilation + 1 }

    /// The parameters in canonical order; `block` is the name of the block that holds the layer.
    package func parameters(in block: String) -> [Parameter] {
        let name = "\(block).\(self.name)"
        func vector(
            _ canonical: String, of part: KeyPath<Source, String>, torch: String, keras: String
        ) -> Parameter {
            Parameter(
                name: "\(name).\(canonical)", shape: [outputChannels], layout: .vector,
                sources: sources.map { source in
                    switch source.framework {
                    case .torch: .init(name: "\(source[keyPath: part]).\(torch)", framework: .torch)
                    case .keras: .init(name: "\(source[keyPath: part])/\(keras)", framework: .keras)
                    }
                })
        }
        var parameters = [weight(name)]
        if hasBias { parameters.append(vector("bias", of: \.convolution, torch: "bias", keras: "bias")) }
        if normalizationEpsilon != nil {
            parameters += [
                vector("gamma", of: \.normalization, torch: "weight", keras: "gamma"),
                vector("beta", of: \.normalization, torch: "bias", keras: "beta"),
                vector("mean", of: \.normalization, torch: "running_mean", keras: "moving_mean"),
                vector("variance", of: \.normalization, torch: "running_var", keras: "moving_variance"),
            ]
        }
        return parameters
    }

    private func weight(_ name: String) -> Parameter {
        let sources = sources.flatMap { source in
            switch source.framework {
            case .torch: [Parameter.Source(name: "\(source.convolution).weight", framework: .torch)]
            case .keras:
                // Before Keras 3, depthwise kernels had a name of their own.
                (isDepthwise ? ["depthwise_kernel", "kernel"] : ["kernel"]).map {
                    Parameter.Source(name: "\(source.convolution)/\($0)", framework: .keras)
                }
            }
        }
        return Parameter(
            name: "\(name).weight", shape: [outputChannels, kernel, kernel, inputChannels / groups],
            layout: isDepthwise ? .depthwise : .convolution, sources: sources)
    }
}
