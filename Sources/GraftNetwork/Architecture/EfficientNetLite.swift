import GraftImage

// EfficientNet-Lite: EfficientNet (Tan and Le, 2019, arXiv 1905.11946) without squeeze-and-excitation and with
// ReLU6 for swish, so that it runs well on small devices. The stages are those of table 1 of the paper; TensorFlow's
// "SAME" padding and ε = 0.001 come from the reference implementation.

extension Architecture {
    /// EfficientNet-Lite0: 224 × 224 pixels to 1280 features.
    package static let efficientNetLite0 = Architecture(
        name: "efficientnet_lite0",
        preprocessing: Preprocessing(
            resizeShorterSide: 256, cropSide: 224, interpolation: .bicubic, channelOrder: .rgb,
            mean: [0.498, 0.498, 0.498], standardDeviation: [0.502, 0.502, 0.502]),
        featureCount: 1280,
        blocks: efficientNetLite(stages: [
            Stage(channels: 16, repeats: 1, kernel: 3, stride: 1, expansion: 1),
            Stage(channels: 24, repeats: 2, kernel: 3, stride: 2, expansion: 6),
            Stage(channels: 40, repeats: 2, kernel: 5, stride: 2, expansion: 6),
            Stage(channels: 80, repeats: 3, kernel: 3, stride: 2, expansion: 6),
            Stage(channels: 112, repeats: 3, kernel: 5, stride: 1, expansion: 6),
            Stage(channels: 192, repeats: 4, kernel: 5, stride: 2, expansion: 6),
            Stage(channels: 320, repeats: 1, kernel: 3, stride: 1, expansion: 6),
        ]))
}

/// A row of the paper's table: `repeats` blocks, the first of which has the stride.
private struct Stage {
    let channels: Int
    let repeats: Int
    let kernel: Int
    let stride: Int
    /// How many times more channels the depthwise convolution has than the block's input.
    let expansion: Int
}

/// Stem, inverted residual blocks (MobileNetV2's) named as in the paper's TensorFlow code, a last 1 × 1 convolution.
///
/// Source names are those of the `efficientnet_lite_pytorch` package, then timm's `tf_efficientnet_lite*`.
private func efficientNetLite(stages: [Stage]) -> [Block] {
    var blocks = [
        Block(
            "stem",
            [
                .convolution(
                    normalized(
                        "convolution", from: 3, to: 32, kernel: 3, stride: 2, activation: .relu6,
                        sources: [
                            .init("_conv_stem", "_bn0"), .init("conv_stem", "bn1"),
                        ]))
            ])
    ]
    var channels = 32
    for (s, stage) in stages.enumerated() {
        for r in 0..<stage.repeats {
            blocks.append(
                invertedResidual(
                    "block\(s + 1)\(Character(UnicodeScalar(UInt8(97 + r))))", from: channels, stage: stage,
                    stride: r == 0 ? stage.stride : 1, package: "_blocks.\(blocks.count - 1)", timm: "blocks.\(s).\(r)")
            )
            channels = stage.channels
        }
    }
    blocks.append(
        Block(
            "final",
            [
                .convolution(
                    normalized(
                        "convolution", from: channels, to: 1280, kernel: 1, activation: .relu6,
                        sources: [
                            .init("_conv_head", "_bn1"), .init("conv_head", "bn2"),
                        ])),
                .globalAveragePooling,
            ]))
    return blocks
}

/// 1 × 1 expansion, depthwise convolution, linear 1 × 1 projection; the input is added if the shapes allow it.
private func invertedResidual(
    _ name: String, from input: Int, stage: Stage, stride: Int, package: String, timm: String
) -> Block {
    let expanded = input * stage.expansion
    // Without an expansion timm's block has one layer fewer, and numbers and names the others from there.
    let (depthwise, project) = stage.expansion == 1 ? ("bn1", ("conv_pw", "bn2")) : ("bn2", ("conv_pwl", "bn3"))
    var layers: [Layer] = []
    if stage.expansion != 1 {
        layers.append(
            .convolution(
                normalized(
                    "expand", from: input, to: expanded, kernel: 1, activation: .relu6,
                    sources: [
                        .init("\(package)._expand_conv", "\(package)._bn0"), .init("\(timm).conv_pw", "\(timm).bn1"),
                    ])))
    }
    layers.append(
        .convolution(
            normalized(
                "depthwise", from: expanded, to: expanded, kernel: stage.kernel, stride: stride, groups: expanded,
                activation: .relu6,
                sources: [
                    .init("\(package)._depthwise_conv", "\(package)._bn1"),
                    .init("\(timm).conv_dw", "\(timm).\(depthwise)"),
                ])))
    layers.append(
        .convolution(
            normalized(
                "project", from: expanded, to: stage.channels, kernel: 1, activation: .none,
                sources: [
                    .init("\(package)._project_conv", "\(package)._bn2"),
                    .init("\(timm).\(project.0)", "\(timm).\(project.1)"),
                ])))
    return Block(name, layers, shortcut: stride == 1 && input == stage.channels ? .identity : .none)
}

private func normalized(
    _ name: String, from input: Int, to output: Int, kernel: Int, stride: Int = 1, groups: Int = 1,
    activation: Activation, sources: [Convolution.Source]
) -> Convolution {
    Convolution(
        name, from: input, to: output, kernel: kernel, stride: stride, padding: .same, groups: groups,
        normalizationEpsilon: 1e-3, activation: activation, sources: sources)
}
