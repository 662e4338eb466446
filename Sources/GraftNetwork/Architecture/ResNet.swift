import GraftImage

// ResNet (He et al. 2015, arXiv 1512.03385), in the variant of torchvision, whose bottleneck blocks have their stride in
// the 3 × 3 convolution. Blocks are named as torchvision names them, and so are its checkpoints' parameters; timm's
// ResNets use the same names.

extension Architecture {
    /// ResNet-18: 224 × 224 pixels to 512 features.
    package static let resNet18 = resNet("resnet18", repeats: [2, 2, 2, 2], bottleneck: false)
    /// ResNet-34: 224 × 224 pixels to 512 features.
    package static let resNet34 = resNet("resnet34", repeats: [3, 4, 6, 3], bottleneck: false)
    /// ResNet-50: 224 × 224 pixels to 2048 features.
    package static let resNet50 = resNet("resnet50", repeats: [3, 4, 6, 3], bottleneck: true)
    /// ResNet-101: 224 × 224 pixels to 2048 features.
    package static let resNet101 = resNet("resnet101", repeats: [3, 4, 23, 3], bottleneck: true)
    /// ResNet-152: 224 × 224 pixels to 2048 features.
    package static let resNet152 = resNet("resnet152", repeats: [3, 8, 36, 3], bottleneck: true)

    private static func resNet(_ name: String, repeats: [Int], bottleneck: Bool) -> Architecture {
        var blocks = [
            Block(
                "stem",
                [
                    .convolution(
                        normalized(
                            "conv1", from: 3, to: 64, kernel: 7, stride: 2, source: .init("conv1", "bn1"))),
                    .pooling(Pooling(.max, kernel: 3, stride: 2, padding: .symmetric(1))),
                ])
        ]
        var channels = 64
        for (stage, count) in repeats.enumerated() {
            for r in 0..<count {
                let block = residual(
                    "layer\(stage + 1).\(r)", from: channels, width: 64 << stage, stride: r == 0 && stage > 0 ? 2 : 1,
                    bottleneck: bottleneck)
                blocks.append(block)
                channels = (64 << stage) * (bottleneck ? 4 : 1)
            }
        }
        blocks.append(Block("pool", [.globalAveragePooling]))
        return Architecture(
            name: name, preprocessing: .torchvision, featureCount: channels, blocks: blocks)
    }
}

/// Figure 5 of the paper: two 3 × 3 convolutions, or a 3 × 3 between 1 × 1 ones; what the input was is added to them.
private func residual(_ name: String, from input: Int, width: Int, stride: Int, bottleneck: Bool) -> Block {
    func layer(
        _ index: Int, from input: Int, to output: Int, kernel: Int, stride: Int = 1
    ) -> Layer {
        .convolution(
            normalized(
                "conv\(index)", from: input, to: output, kernel: kernel, stride: stride,
                source: .init("\(name).conv\(index)", "\(name).bn\(index)")))
    }
    let output = bottleneck ? 4 * width : width
    let layers =
        bottleneck
        ? [
            layer(1, from: input, to: width, kernel: 1),
            layer(2, from: width, to: width, kernel: 3, stride: stride),
            layer(3, from: width, to: output, kernel: 1),
        ]
        : [
            layer(1, from: input, to: width, kernel: 3, stride: stride),
            layer(2, from: width, to: width, kernel: 3),
        ]
    guard stride != 1 || input != output else { return Block(name, layers, shortcut: .identity) }
    let projection = normalized(
        "downsample", from: input, to: output, kernel: 1, stride: stride, activation: .none,
        source: .init("\(name).downsample.0", "\(name).downsample.1"))
    return Block(name, layers, shortcut: .projection(projection))
}

private func normalized(
    _ name: String, from input: Int, to output: Int, kernel: Int, stride: Int, activation: Activation = .relu,
    source: Convolution.Source
) -> Convolution {
    Convolution(
        name, from: input, to: output, kernel: kernel, stride: stride, padding: .symmetric(kernel / 2),
        normalizationEpsilon: 1e-5, activation: activation, sources: [source])
}

extension Preprocessing {
    /// How torchvision prepares images for the networks that it trained on ImageNet.
    static let torchvision = Preprocessing(
        resizeShorterSide: 256, cropSide: 224, interpolation: .bilinear, channelOrder: .rgb,
        mean: [0.485, 0.456, 0.406], standardDeviation: [0.229, 0.224, 0.225])
}
