/// What the inverted residual blocks of one network have in common (Sandler et al. 2018, arXiv 1801.04381).
struct InvertedResidualStyle {
    /// As TensorFlow pads, or PyTorch.
    let isPaddedSame: Bool
    /// Of batch normalisation.
    let epsilon: Float

    /// Where one family of checkpoints keeps the layers of a block.
    struct Sources {
        let expand: Convolution.Source
        let depthwise: Convolution.Source
        let project: Convolution.Source

        init(expand: Convolution.Source, depthwise: Convolution.Source, project: Convolution.Source) {
            (self.expand, self.depthwise, self.project) = (expand, depthwise, project)
        }

        /// timm's names. Without an expansion its block has one layer fewer, and numbers and names the others from there.
        static func timm(_ block: String, expands: Bool) -> Sources {
            Sources(
                expand: .init("\(block).conv_pw", "\(block).bn1"),
                depthwise: .init("\(block).conv_dw", "\(block).\(expands ? "bn2" : "bn1")"),
                project: expands
                    ? .init("\(block).conv_pwl", "\(block).bn3") : .init("\(block).conv_pw", "\(block).bn2"))
        }
    }

    /// 1 × 1 expansion, depthwise convolution, linear 1 × 1 projection; the input is added if the shapes allow it.
    func block(
        _ name: String, from input: Int, to output: Int, expansion: Int, kernel: Int, stride: Int, sources: [Sources]
    ) -> Block {
        block(
            name, from: input, to: output, expansion: expansion, kernel: kernel, stride: stride,
            expand: sources.map(\.expand), depthwise: sources.map(\.depthwise), project: sources.map(\.project))
    }

    /// The same, with the places of each layer in every family of checkpoints.
    func block(
        _ name: String, from input: Int, to output: Int, expansion: Int, kernel: Int, stride: Int,
        expand: [Convolution.Source], depthwise: [Convolution.Source], project: [Convolution.Source]
    ) -> Block {
        let expanded = input * expansion
        var layers: [Layer] = []
        if expansion != 1 {
            layers.append(
                .convolution(
                    convolution(
                        "expand", from: input, to: expanded, kernel: 1, activation: .relu6,
                        sources: expand)))
        }
        layers.append(
            .convolution(
                convolution(
                    "depthwise", from: expanded, to: expanded, kernel: kernel, stride: stride, groups: expanded,
                    activation: .relu6, sources: depthwise)))
        layers.append(
            .convolution(
                convolution(
                    "project", from: expanded, to: output, kernel: 1, activation: .none,
                    sources: project)))
        return Block(name, layers, shortcut: stride == 1 && input == output ? .identity : .none)
    }

    func convolution(
        _ name: String, from input: Int, to output: Int, kernel: Int, stride: Int = 1, groups: Int = 1,
        activation: Activation, sources: [Convolution.Source]
    ) -> Convolution {
        Convolution(
            name, from: input, to: output, kernel: kernel, stride: stride,
            padding: isPaddedSame ? .same : .symmetric(kernel / 2), groups: groups,
            normalizationEpsilon: epsilon, activation: activation, sources: sources)
    }
}
