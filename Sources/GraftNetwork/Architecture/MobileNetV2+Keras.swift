import GraftImage

extension Architecture {
    /// MobileNetV2 in the variant of keras.applications, which pads as TensorFlow does: 224 × 224 pixels to 1280
    /// features. Blocks are named as in Keras.
    package static let mobileNetV2Keras = Architecture(
        name: "mobilenet_v2_keras",
        preprocessing: Preprocessing(
            resizeShorterSide: 256, cropSide: 224, interpolation: .bilinear, channelOrder: .rgb,
            mean: [0.5, 0.5, 0.5], standardDeviation: [0.5, 0.5, 0.5]),
        featureCount: 1280, blocks: kerasBlocks())
}

private func kerasBlocks() -> [Block] {
    // Keras pads before strides by hand, as many zeros on each side as "SAME" would.
    let style = InvertedResidualStyle(isPaddedSame: true, epsilon: 1e-3)
    var names = KerasSources()
    let stem = style.convolution(
        "convolution", from: 3, to: 32, kernel: 3, stride: 2, activation: .relu6,
        sources: names.next("Conv1", "bn_Conv1"))
    var blocks = [Block("Conv1", [.convolution(stem)])]
    var channels = 32
    for stage in mobileNetV2Stages {
        for r in 0..<stage.repeats {
            let name = blocks.count == 1 ? "expanded_conv" : "block_\(blocks.count - 1)"
            func sources(_ layer: String, isDepthwise: Bool = false) -> [Convolution.Source] {
                names.next("\(name)_\(layer)", "\(name)_\(layer)_BN", isDepthwise: isDepthwise)
            }
            // The first has no expansion, nor a name for it.
            let expand = stage.expansion == 1 ? [] : sources("expand")
            blocks.append(
                style.block(
                    name, from: channels, to: stage.channels, expansion: stage.expansion, kernel: 3,
                    stride: r == 0 ? stage.stride : 1,
                    expand: expand, depthwise: sources("depthwise", isDepthwise: true), project: sources("project")))
            channels = stage.channels
        }
    }
    let last = style.convolution(
        "convolution", from: channels, to: 1280, kernel: 1, activation: .relu6,
        sources: names.next("Conv_1", "Conv_1_bn"))
    blocks.append(Block("Conv_1", [.convolution(last), .globalAveragePooling]))
    return blocks
}
