import GraftImage

/// The description of a backbone: its blocks, in order, and the images it was trained on.
package struct Architecture: Sendable {
    package let name: String
    package let preprocessing: Preprocessing
    /// The length of the features, D.
    package let featureCount: Int
    package let blocks: [Block]

    /// Every parameter, in the order of the blocks.
    package var parameters: [Parameter] { blocks.flatMap(\.parameters) }

    /// The architectures this version knows.
    package static let all: [Architecture] = [
        .efficientNetLite0, .efficientNetLite1, .efficientNetLite2, .efficientNetLite3, .efficientNetLite4,
        .mobileNetV2,
        .resNet18, .resNet34, .resNet50, .resNet101, .resNet152,
        .vgg11, .vgg11Normalized, .vgg13, .vgg13Normalized, .vgg16, .vgg16Normalized, .vgg19, .vgg19Normalized,
    ]

    package init(name: String, preprocessing: Preprocessing, featureCount: Int, blocks: [Block]) {
        (self.name, self.preprocessing, self.featureCount, self.blocks) = (name, preprocessing, featureCount, blocks)
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

    /// The blocks that `name` means: the one called so, or those of a stage, such as `layer4` of a ResNet; nil if none are.
    package func blocks(named name: String) -> Range<Int>? {
        if let block = blocks.firstIndex(where: { $0.name == name }) { return block..<block + 1 }
        guard let first = blocks.firstIndex(where: { $0.name.hasPrefix("\(name).") }),
            let last = blocks.lastIndex(where: { $0.name.hasPrefix("\(name).") })
        else { return nil }
        return first..<last + 1
    }

    /// The architecture called `name`, e.g. `efficientnet_lite0`.
    package static func named(_ name: String) -> Architecture? { all.first { $0.name == name } }
}
