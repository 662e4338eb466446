import GraftImage

/// The description of a backbone: its blocks, in order, and the images it was trained on.
package struct Architecture: Sendable {
    package let name: String
    package let preprocessing: Preprocessing
    /// Where Keras' weights of the same network want other images.
    private let kerasPreprocessing: Preprocessing?
    /// The length of the features, D.
    package let featureCount: Int
    package let blocks: [Block]

    /// What weights from a checkpoint of `framework` expect their images to have been through.
    package func preprocessing(for framework: Parameter.Framework) -> Preprocessing {
        framework == .keras ? kerasPreprocessing ?? preprocessing : preprocessing
    }

    /// Every parameter, in the order of the blocks.
    package var parameters: [Parameter] { blocks.flatMap(\.parameters) }

    /// The same with the numbers of their blocks.
    package var numberedParameters: [(block: Int, parameter: Parameter)] {
        blocks.enumerated().flatMap { number, block in block.parameters.map { (number, $0) } }
    }

    /// The architectures this version knows.
    package static let all: [Architecture] = [
        .efficientNetLite0, .efficientNetLite1, .efficientNetLite2, .efficientNetLite3, .efficientNetLite4,
        .mobileNetV2, .mobileNetV2Keras,
        .resNet18, .resNet34, .resNet50, .resNet50Keras, .resNet101, .resNet101Keras, .resNet152, .resNet152Keras,
        .vgg11, .vgg11Normalized, .vgg13, .vgg13Normalized, .vgg16, .vgg16Normalized, .vgg19, .vgg19Normalized,
    ]

    package init(
        name: String, preprocessing: Preprocessing, kerasPreprocessing: Preprocessing? = nil, featureCount: Int,
        blocks: [Block]
    ) {
        (self.name, self.preprocessing, self.featureCount, self.blocks) = (name, preprocessing, featureCount, blocks)
        self.kerasPreprocessing = kerasPreprocessing
    }

    /// The same network for images that are prepared in another way.
    package func with(_ preprocessing: Preprocessing) -> Architecture {
        Architecture(name: name, preprocessing: preprocessing, featureCount: featureCount, blocks: blocks)
    }

    /// The first `count` blocks; the features are the elements of what they give.
    ///
    /// - Precondition: there are as many.
    package func first(_ count: Int) -> Architecture {
        Architecture(
            name: name, preprocessing: preprocessing, featureCount: latent(before: count).count,
            blocks: Array(blocks[..<count]))
    }

    /// The blocks that `name` means: the one called so, or those of a stage, such as `layer4` of a ResNet or `conv5` of
    /// Keras' ResNet; nil if none are.
    package func blocks(named name: String) -> Range<Int>? {
        if let block = blocks.firstIndex(where: { $0.name == name }) { return block..<block + 1 }
        func isOfStage(_ block: Block) -> Bool {
            block.name.hasPrefix("\(name).") || block.name.hasPrefix("\(name)_")
        }
        guard let first = blocks.firstIndex(where: isOfStage), let last = blocks.lastIndex(where: isOfStage)
        else { return nil }
        return first..<last + 1
    }

    /// Where the top begins unless somebody says otherwise: the first of the blocks that work at the resolution of the
    /// last convolution, such as `layer4` of a ResNet.
    package var defaultCut: Int {
        var shape = latent(before: 0)
        let sides = blocks.map { block in
            let shapes = block.shapes(of: shape)!
            shape = shapes.last!
            // Not of what is pooled, nor of what weighs channels.
            let last = block.nodes.indices.last { n in
                if case .convolution = block.nodes[n].layer { shapes[n + 1].pixels > 1 } else { false }
            }
            return last.map { shapes[$0 + 1].height }
        }
        guard let last = sides.last(where: { $0 != nil }), let side = last else { return blocks.count - 1 }
        return sides.firstIndex(of: side)!
    }

    /// The architecture called `name`, e.g. `efficientnet_lite0`.
    package static func named(_ name: String) -> Architecture? { all.first { $0.name == name } }
}
