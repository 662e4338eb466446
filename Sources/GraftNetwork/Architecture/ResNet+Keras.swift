import GraftImage

// ResNet in the variant of keras.applications, which is the paper's: bottleneck blocks have their stride in the first
// 1 × 1 convolution. All convolutions have biases, though batch normalisation follows. Blocks are named as in Keras.

extension Architecture {
    /// Keras' ResNet50: 224 × 224 pixels to 2048 features.
    package static let resNet50Keras = kerasResNet("resnet50_keras", repeats: [3, 4, 6, 3])
    /// Keras' ResNet101: 224 × 224 pixels to 2048 features.
    package static let resNet101Keras = kerasResNet("resnet101_keras", repeats: [3, 4, 23, 3])
    /// Keras' ResNet152: 224 × 224 pixels to 2048 features.
    package static let resNet152Keras = kerasResNet("resnet152_keras", repeats: [3, 8, 36, 3])

    private static func kerasResNet(_ name: String, repeats: [Int]) -> Architecture {
        var names = KerasSources()
        let stem = convolution(
            "conv1", from: 3, to: 64, kernel: 7, stride: 2, sources: names.next("conv1_conv", "conv1_bn"))
        var blocks = [
            // Keras pads with zeros before it pools; after a rectifier no zero is larger than what is there.
            Block(
                "conv1",
                [.convolution(stem), .pooling(Pooling(.max, kernel: 3, stride: 2, padding: .symmetric(1)))])
        ]
        var channels = 64
        for (stage, count) in repeats.enumerated() {
            for r in 1...count {
                blocks.append(
                    bottleneck(
                        "conv\(stage + 2)_block\(r)", from: channels, width: 64 << stage,
                        stride: r == 1 && stage > 0 ? 2 : 1, names: &names))
                channels = 256 << stage
            }
        }
        blocks.append(Block("avg_pool", [.globalAveragePooling]))
        return Architecture(name: name, preprocessing: .caffe, featureCount: channels, blocks: blocks)
    }
}

private func bottleneck(
    _ name: String, from input: Int, width: Int, stride: Int, names: inout KerasSources
) -> Block {
    func sources(_ number: Int) -> [Convolution.Source] {
        names.next("\(name)_\(number)_conv", "\(name)_\(number)_bn")
    }
    let output = 4 * width
    let first = convolution("conv1", from: input, to: width, kernel: 1, stride: stride, sources: sources(1))
    let second = convolution("conv2", from: width, to: width, kernel: 3, sources: sources(2))
    // Keras lists the layers by their distance from the output.
    let projection =
        input == output
        ? nil
        : convolution(
            "conv0", from: input, to: output, kernel: 1, stride: stride, activation: .none, sources: sources(0))
    let third = convolution("conv3", from: width, to: output, kernel: 1, sources: sources(3))
    return Block(
        name, [first, second, third].map(Layer.convolution),
        shortcut: projection.map(Block.Shortcut.projection) ?? .identity)
}

private func convolution(
    _ name: String, from input: Int, to output: Int, kernel: Int, stride: Int = 1, activation: Activation = .relu,
    sources: [Convolution.Source]
) -> Convolution {
    Convolution(
        name, from: input, to: output, kernel: kernel, stride: stride, padding: .symmetric(kernel / 2),
        normalizationEpsilon: 1.001e-5, hasBias: true, activation: activation, sources: sources)
}

extension Preprocessing {
    /// How Caffe prepared images for the first ResNets and VGGs, whose weights Keras took over: blue first, the mean
    /// subtracted, of 0 to 255.
    static let caffe = Preprocessing(
        resizeShorterSide: 256, cropSide: 224, interpolation: .bilinear, channelOrder: .bgr,
        mean: [103.939 / 255, 116.779 / 255, 123.68 / 255], standardDeviation: [1 / 255, 1 / 255, 1 / 255])
}
