import GraftImage

/// One named array of weights that an architecture asks of a checkpoint.
package struct Parameter: Sendable, Equatable {
    package enum Layout: Sendable {
        /// `[O, kH, kW, I / groups]`; PyTorch's checkpoints hold `[O, I / groups, kH, kW]`.
        case convolution
        /// `[C]`
        case vector
    }

    /// The name in the canonical file, e.g. `block2a.expand.weight`.
    package let name: String
    /// The shape in the canonical file.
    package let shape: [Int]
    package let layout: Layout
    /// The names under which foreign state dicts hold it, most likely first.
    package let sourceNames: [String]
}

/// A step of a block: one tensor in, one out.
package enum Layer: Sendable {
    case convolution(Convolution)
    /// The mean over height and width: `[H, W, C]` to `[C]`.
    case globalAveragePooling
}

/// A named part of the chain that a network is, with one tensor between neighbours; the network can be cut
/// between any two blocks.
package struct Block: Sendable {
    package let name: String
    package let layers: [Layer]
    /// Whether the block's input is added to the output of its last layer, before that layer's activation.
    package let addsInput: Bool

    package init(_ name: String, _ layers: [Layer], addsInput: Bool = false) {
        self.name = name
        self.layers = layers
        self.addsInput = addsInput
    }

    package var parameters: [Parameter] {
        layers.flatMap { layer -> [Parameter] in
            switch layer {
            case .convolution(let convolution): convolution.parameters(in: name)
            case .globalAveragePooling: []
            }
        }
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
    package static let all: [Architecture] = [.efficientNetLite0]

    /// The architecture called `name`, e.g. `efficientnet_lite0`.
    package static func named(_ name: String) -> Architecture? { all.first { $0.name == name } }
}
