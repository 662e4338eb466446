import GraftImage

/// A step of a block: one tensor in, one out.
package enum Layer: Sendable {
    case convolution(Convolution)
    case pooling(Pooling)
    /// The mean over height and width: `[H, W, C]` to `[C]`.
    case globalAveragePooling

    /// The name within its block.
    var name: String {
        switch self {
        case .convolution(let convolution): convolution.name
        case .pooling: "pool"
        case .globalAveragePooling: "mean"
        }
    }

    fileprivate func parameters(in block: String) -> [Parameter] {
        if case .convolution(let convolution) = self { convolution.parameters(in: block) } else { [] }
    }
}

/// A named part of the chain that a network is, with one tensor between neighbours; the network can be cut
/// between any two blocks.
package struct Block: Sendable {
    /// What is added to the output of the last layer, before that layer's activation.
    package enum Shortcut: Sendable {
        case none
        /// The block's input.
        case identity
        /// The block's input after a convolution, which brings it to the output's shape.
        case projection(Convolution)
    }

    package let name: String
    package let layers: [Layer]
    package let shortcut: Shortcut

    /// - Precondition: with a shortcut, the last layer is a convolution.
    package init(_ name: String, _ layers: [Layer], shortcut: Shortcut = .none) {
        self.name = name
        self.layers = layers
        self.shortcut = shortcut
    }

    /// Those of the layers in order, then those of the projection.
    package var parameters: [Parameter] {
        let own = layers.flatMap { $0.parameters(in: name) }
        if case .projection(let convolution) = shortcut { return own + convolution.parameters(in: name) }
        return own
    }
}

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

    /// The architecture called `name`, e.g. `efficientnet_lite0`.
    package static func named(_ name: String) -> Architecture? { all.first { $0.name == name } }
}
