import GraftImage

// EfficientNet-Lite: EfficientNet (Tan and Le, 2019, arXiv 1905.11946) without squeeze-and-excitation and with
// ReLU6 for swish, so that it runs well on small devices. The stages are those of table 1 of the paper, made wider and
// deeper from Lite1 on, the first and last apart; TensorFlow's "SAME" padding and ε = 0.001 come from the reference
// implementation.

extension Architecture {
    /// EfficientNet-Lite0: 224 × 224 pixels to 1280 features.
    package static let efficientNetLite0 = efficientNetLite(0, width: 1, depth: 1, side: 224)
    /// EfficientNet-Lite1: 240 × 240 pixels to 1280 features.
    package static let efficientNetLite1 = efficientNetLite(1, width: 1, depth: 1.1, side: 240)
    /// EfficientNet-Lite2: 260 × 260 pixels to 1280 features.
    package static let efficientNetLite2 = efficientNetLite(2, width: 1.1, depth: 1.2, side: 260)
    /// EfficientNet-Lite3: 280 × 280 pixels to 1280 features.
    package static let efficientNetLite3 = efficientNetLite(3, width: 1.2, depth: 1.4, side: 280)
    /// EfficientNet-Lite4: 300 × 300 pixels to 1280 features.
    package static let efficientNetLite4 = efficientNetLite(4, width: 1.4, depth: 1.8, side: 300)

    /// - Parameters:
    ///   - width: How many times as many channels as Lite0 has.
    ///   - depth: How many times as many blocks.
    private static func efficientNetLite(_ number: Int, width: Double, depth: Double, side: Int) -> Architecture {
        Architecture(
            name: "efficientnet_lite\(number)",
            // The reference implementation cuts off a border of 16 pixels, whatever the side.
            preprocessing: Preprocessing(
                resizeShorterSide: side + 32, cropSide: side, interpolation: .bicubic, channelOrder: .rgb,
                mean: [0.498, 0.498, 0.498], standardDeviation: [0.502, 0.502, 0.502]),
            featureCount: 1280, blocks: efficientNetBlocks(width: width, depth: depth))
    }
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

private let stages = [
    Stage(channels: 16, repeats: 1, kernel: 3, stride: 1, expansion: 1),
    Stage(channels: 24, repeats: 2, kernel: 3, stride: 2, expansion: 6),
    Stage(channels: 40, repeats: 2, kernel: 5, stride: 2, expansion: 6),
    Stage(channels: 80, repeats: 3, kernel: 3, stride: 2, expansion: 6),
    Stage(channels: 112, repeats: 3, kernel: 5, stride: 1, expansion: 6),
    Stage(channels: 192, repeats: 4, kernel: 5, stride: 2, expansion: 6),
    Stage(channels: 320, repeats: 1, kernel: 3, stride: 1, expansion: 6),
]

/// Stem, inverted residual blocks numbered from 0, a last 1 × 1 convolution.
///
/// Source names are those of the `efficientnet_lite_pytorch` package, then timm's `tf_efficientnet_lite*`.
private func efficientNetBlocks(width: Double, depth: Double) -> [Block] {
    let style = InvertedResidualStyle(isPaddedSame: true, epsilon: 1e-3)
    var blocks = [
        Block(
            "stem",
            [
                .convolution(
                    style.convolution(
                        "convolution", from: 3, to: 32, kernel: 3, stride: 2, activation: .relu6,
                        sources: [.init("_conv_stem", "_bn0"), .init("conv_stem", "bn1")]))
            ])
    ]
    var channels = 32
    for (s, stage) in stages.enumerated() {
        let isFixed = s == 0 || s == stages.count - 1
        let output = scaled(stage.channels, by: width)
        for r in 0..<(isFixed ? stage.repeats : Int((Double(stage.repeats) * depth).rounded(.up))) {
            let package = "_blocks.\(blocks.count - 1)"
            blocks.append(
                style.block(
                    "blocks.\(blocks.count - 1)", from: channels, to: output,
                    expansion: stage.expansion, kernel: stage.kernel, stride: r == 0 ? stage.stride : 1,
                    sources: [
                        .init(
                            expand: .init("\(package)._expand_conv", "\(package)._bn0"),
                            depthwise: .init("\(package)._depthwise_conv", "\(package)._bn1"),
                            project: .init("\(package)._project_conv", "\(package)._bn2")),
                        .timm("blocks.\(s).\(r)", expands: stage.expansion != 1),
                    ]))
            channels = output
        }
    }
    blocks.append(
        Block(
            "final",
            [
                .convolution(
                    style.convolution(
                        "convolution", from: channels, to: 1280, kernel: 1, activation: .relu6,
                        sources: [.init("_conv_head", "_bn1"), .init("conv_head", "bn2")])),
                .globalAveragePooling,
            ]))
    return blocks
}

/// A multiple of 8, not more than a tenth below what it should be.
private func scaled(_ channels: Int, by width: Double) -> Int {
    let wanted = Double(channels) * width
    let rounded = max(8, Int(wanted + 4) / 8 * 8)
    return Double(rounded) < 0.9 * wanted ? rounded + 8 : rounded
}
