import GraftImage

extension Architecture {
    /// MobileNetV2 (Sandler et al. 2018, arXiv 1801.04381): 224 × 224 pixels to 1280 features.
    ///
    /// Blocks are named as torchvision names the parts of its `features`. Source names are torchvision's, then timm's
    /// `mobilenetv2_100`.
    package static let mobileNetV2 = Architecture(
        name: "mobilenet_v2", preprocessing: .torchvision, featureCount: 1280, blocks: mobileNetBlocks())
}

/// Table 2 of the paper: expansion, channels, repeats and stride of each stage.
let mobileNetV2Stages: [(expansion: Int, channels: Int, repeats: Int, stride: Int)] = [
    (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1),
    (6, 160, 3, 2), (6, 320, 1, 1),
]

private func mobileNetBlocks() -> [Block] {
    let style = InvertedResidualStyle(isPaddedSame: false, epsilon: 1e-5)
    var blocks = [
        Block(
            "features.0",
            [
                .convolution(
                    style.convolution(
                        "convolution", from: 3, to: 32, kernel: 3, stride: 2, activation: .relu6,
                        sources: [.init("features.0.0", "features.0.1"), .init("conv_stem", "bn1")]))
            ])
    ]
    var channels = 32
    for (s, stage) in mobileNetV2Stages.enumerated() {
        for r in 0..<stage.repeats {
            let name = "features.\(blocks.count)"
            // torchvision numbers the layers that there are.
            let depthwise = stage.expansion == 1 ? 0 : 1
            blocks.append(
                style.block(
                    name, from: channels, to: stage.channels, expansion: stage.expansion, kernel: 3,
                    stride: r == 0 ? stage.stride : 1,
                    sources: [
                        .init(
                            expand: .init("\(name).conv.0.0", "\(name).conv.0.1"),
                            depthwise: .init("\(name).conv.\(depthwise).0", "\(name).conv.\(depthwise).1"),
                            project: .init("\(name).conv.\(depthwise + 1)", "\(name).conv.\(depthwise + 2)")),
                        .timm("blocks.\(s).\(r)", expands: stage.expansion != 1),
                    ]))
            channels = stage.channels
        }
    }
    let name = "features.\(blocks.count)"
    blocks.append(
        Block(
            name,
            [
                .convolution(
                    style.convolution(
                        "convolution", from: channels, to: 1280, kernel: 1, activation: .relu6,
                        sources: [.init("\(name).0", "\(name).1"), .init("conv_head", "bn2")])),
                .globalAveragePooling,
            ]))
    return blocks
}
