import GraftImage

// VGG (Simonyan and Zisserman 2014, arXiv 1409.1556): the convolutions of its table 1 and their mean over the image,
// 224 × 224 pixels to 512 features. Blocks are named as torchvision names the parts of its `features`. Source names are
// torchvision's, with batch normalisation and without, and Keras', which has VGG16 and VGG19 without.

extension Architecture {
    /// The convolutions of VGG11, configuration A.
    package static let vgg11 = vgg("vgg11", repeats: [1, 1, 2, 2, 2])
    package static let vgg11Normalized = vgg("vgg11_bn", repeats: [1, 1, 2, 2, 2], isNormalized: true)
    /// Configuration B.
    package static let vgg13 = vgg("vgg13", repeats: [2, 2, 2, 2, 2])
    package static let vgg13Normalized = vgg("vgg13_bn", repeats: [2, 2, 2, 2, 2], isNormalized: true)
    /// Configuration D.
    package static let vgg16 = vgg("vgg16", repeats: [2, 2, 3, 3, 3])
    package static let vgg16Normalized = vgg("vgg16_bn", repeats: [2, 2, 3, 3, 3], isNormalized: true)
    /// Configuration E.
    package static let vgg19 = vgg("vgg19", repeats: [2, 2, 4, 4, 4])
    package static let vgg19Normalized = vgg("vgg19_bn", repeats: [2, 2, 4, 4, 4], isNormalized: true)

    /// Stages of 3 × 3 convolutions, a max pooling after each.
    private static func vgg(_ name: String, repeats: [Int], isNormalized: Bool = false) -> Architecture {
        var blocks: [Block] = []
        var kerasNames = KerasSources()
        var (index, channels) = (0, 3)
        for (stage, (count, width)) in zip(1..., zip(repeats, [64, 128, 256, 512, 512])) {
            for number in 1...count {
                let convolution = Convolution(
                    "conv", from: channels, to: width, kernel: 3, padding: .symmetric(1),
                    normalizationEpsilon: isNormalized ? 1e-5 : nil, hasBias: true, activation: .relu,
                    sources: [.init("features.\(index)", "features.\(index + 1)")]
                        + (isNormalized ? [] : kerasNames.next("block\(stage)_conv\(number)")))
                blocks.append(Block("features.\(index)", [.convolution(convolution)]))
                // Normalisation and activation are parts of their own in torchvision.
                index += isNormalized ? 3 : 2
                channels = width
            }
            blocks.append(Block("features.\(index)", [.pooling(Pooling(.max, kernel: 2, stride: 2))]))
            index += 1
        }
        blocks.append(Block("pool", [.globalAveragePooling]))
        return Architecture(
            name: name, preprocessing: .torchvision, kerasPreprocessing: .caffe, featureCount: channels, blocks: blocks)
    }
}
