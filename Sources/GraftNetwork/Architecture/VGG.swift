import GraftImage

// VGG (Simonyan and Zisserman 2014, arXiv 1409.1556). Blocks are named as torchvision names the parts of its `features`,
// and so are its checkpoints' parameters.

extension Architecture {
    /// The convolutions of VGG16, configuration D of the paper's table 1, and their mean over the image: 224 × 224
    /// pixels to 512 features.
    package static let vgg16 = vgg(
        "vgg16", stages: [[64, 64], [128, 128], [256, 256, 256], [512, 512, 512], [512, 512, 512]])

    /// Stages of 3 × 3 convolutions, a max pooling after each.
    private static func vgg(_ name: String, stages: [[Int]]) -> Architecture {
        var blocks: [Block] = []
        var (index, channels) = (0, 3)
        for stage in stages {
            for width in stage {
                blocks.append(
                    Block(
                        "features.\(index)",
                        [
                            .convolution(
                                Convolution(
                                    "conv", from: channels, to: width, kernel: 3, padding: .symmetric(1),
                                    normalizationEpsilon: nil, activation: .relu,
                                    sources: [.init("features.\(index)", "")]))
                        ]))
                // The activation is a part of its own in torchvision.
                index += 2
                channels = width
            }
            blocks.append(Block("features.\(index)", [.pooling(Pooling(.max, kernel: 2, stride: 2))]))
            index += 1
        }
        blocks.append(Block("pool", [.globalAveragePooling]))
        return Architecture(name: name, preprocessing: .torchvision, featureCount: channels, blocks: blocks)
    }
}
