import GraftTensor

extension Plan {
    /// A step that moves or combines elements without weights.
    package enum Elementwise: Sendable {
        case sum(Activation)
        case product
        case concatenation
        case activation(Activation)
        case padding(Padding)

        init?(_ layer: Layer) {
            switch layer {
            case .sum(let activation): self = .sum(activation)
            case .product: self = .product
            case .concatenation: self = .concatenation
            case .activation(let activation): self = .activation(activation)
            case .padding(let padding): self = .padding(padding)
            case .convolution, .pooling, .globalAveragePooling: return nil
            }
        }

        /// The algorithm's name.
        var name: String {
            switch self {
            case .sum: "sum"
            case .product: "elementwise product"
            case .concatenation: "concatenation"
            case .activation: "activation"
            case .padding: "padding"
            }
        }
    }
}
