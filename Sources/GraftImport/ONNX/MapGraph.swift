import GraftNetwork

/// A network as operations on feature maps `[H, W, C]`, in an order in which they can run: what a graph means, freed of
/// how its tensors are laid out.
struct MapGraph {
    struct Node {
        var operation: Operation
        /// Nodes; all of them come before this one.
        var inputs: [Int]
        let shape: MapShape
        /// The name of the tensor that it makes.
        let tensor: String
        /// What errors call the ONNX node that it came from, and its operator.
        let label: String
        let operatorName: String
        /// Whether no element is below 0, whatever the image.
        let isNonNegative: Bool
    }

    enum Operation {
        case image
        /// A second input is added before the activation.
        case convolution(MapConvolution)
        case affine(Affine)
        case normalization(Normalization)
        case clip(lower: Double, upper: Double)
        case activation(Activation)
        /// The error function; means something only as part of a Gelu.
        case erf
        case sum(Activation)
        case product
        case concatenation
        case pooling(MapPooling)
        case mean
        /// `value` around the map: 0, or minus infinity for what a maximum is to ignore.
        case padding(Edges, value: Double)
        /// Nothing that is supported inside a network; a classifier may contain it.
        case opaque(Opaque)
    }

    struct Opaque {
        /// Why it is not supported.
        let error: ImportError
        /// Whether it is what classifiers begin with: a map flattened to a vector, Softmax.
        let beginsClassifier: Bool
    }

    private(set) var nodes: [Node]

    /// The most elements of a map; VGG's largest at 224 × 224 pixels has 3 million.
    static let mapLimit = 1 << 28
    static let channelLimit = 1 << 17
    /// The most rows or columns of zeros around a map.
    static let edgeLimit = 1 << 12

    init(image shape: MapShape, tensor: String) {
        nodes = [
            Node(
                operation: .image, inputs: [], shape: shape, tensor: tensor, label: tensor, operatorName: "",
                isNonNegative: false)
        ]
    }

    subscript(node: Int) -> Node {
        get { nodes[node] }
        set { nodes[node] = newValue }
    }

    /// - Throws: `tooLarge`.
    mutating func append(
        _ operation: Operation, _ inputs: [Int], shape: MapShape, origin: Origin
    ) throws(ImportError) -> Int {
        guard elementCount([shape.height, shape.width, shape.channels]).map({ $0 <= Self.mapLimit }) ?? false else {
            throw .tooLarge(what: "elements in the map '\(origin.tensor)'", limit: Self.mapLimit)
        }
        guard shape.channels <= Self.channelLimit else {
            throw .tooLarge(what: "channels in the map '\(origin.tensor)'", limit: Self.channelLimit)
        }
        nodes.append(
            Node(
                operation: operation, inputs: inputs, shape: shape, tensor: origin.tensor, label: origin.label,
                operatorName: origin.operatorName, isNonNegative: isNonNegative(operation, inputs)))
        return nodes.count - 1
    }

    /// The ONNX node that something comes from, and the name of its output.
    struct Origin {
        let tensor: String
        let label: String
        let operatorName: String
    }

    private func isNonNegative(_ operation: Operation, _ inputs: [Int]) -> Bool {
        switch operation {
        case .clip(let lower, _): lower >= 0
        case .activation(.relu), .activation(.relu6), .activation(.sigmoid), .activation(.hardSigmoid): true
        case .padding(_, let value): value >= 0 && nodes[inputs[0]].isNonNegative
        case .sum(.none), .product, .concatenation, .pooling, .mean: inputs.allSatisfy { nodes[$0].isNonNegative }
        default: false
        }
    }
}

/// Rows and columns around a map.
struct Edges: Equatable {
    var top = 0
    var left = 0
    var bottom = 0
    var right = 0

    static func + (a: Edges, b: Edges) -> Edges {
        Edges(top: a.top + b.top, left: a.left + b.left, bottom: a.bottom + b.bottom, right: a.right + b.right)
    }

    var isEmpty: Bool { self == Edges() }

    var largest: Int { max(max(top, left), max(bottom, right)) }

    var padding: Padding {
        top == left && top == bottom && top == right
            ? .symmetric(top) : .explicit(top: top, left: left, bottom: bottom, right: right)
    }
}

/// `scale · x + shift`; each has one item, or one for every channel.
struct Affine {
    var scale: [Double]
    var shift: [Double]

    static let identity = Affine(scale: [1], shift: [0])

    /// The factor, if it is the same for every channel and nothing is added.
    var factor: Double? { scale.count == 1 && shift == [0] ? scale[0] : nil }

    /// Whether it is `scale · x + shift` for every channel, up to the rounding of 32-bit constants.
    func isAbout(_ scale: Double, _ shift: Double) -> Bool {
        self.scale.allSatisfy { abs($0 - scale) <= 1e-6 * abs(scale) }
            && self.shift.allSatisfy { abs($0 - shift) <= 1e-6 * abs(shift) }
    }

    /// This after `first`.
    func after(_ first: Affine) -> Affine {
        func item(_ items: [Double], _ i: Int) -> Double { items.count == 1 ? items[0] : items[i] }
        let count = [scale.count, shift.count, first.scale.count, first.shift.count].max()!
        return Affine(
            scale: (0..<count).map { item(scale, $0) * item(first.scale, $0) },
            shift: (0..<count).map { item(scale, $0) * item(first.shift, $0) + item(shift, $0) })
    }

    /// With an item for every channel.
    func spread(over channels: Int) -> Affine {
        Affine(
            scale: scale.count == channels ? scale : .init(repeating: scale[0], count: channels),
            shift: shift.count == channels ? shift : .init(repeating: shift[0], count: channels))
    }
}

/// The parameters of a batch normalisation, each `[C]`.
struct Normalization {
    let gamma: Constant
    let beta: Constant
    let mean: Constant
    let variance: Constant
    let epsilon: Double
}

/// A convolution whose window may be no square, before its weights are read.
struct MapConvolution {
    enum Layout {
        /// `[O, I / groups, kH, kW]`
        case convolution
        /// `[O, I]`
        case rows
        /// `[I, O]`
        case columns
    }

    let weight: Constant
    let layout: Layout
    /// `[O]`
    var bias: Constant?
    let inputChannels: Int
    let outputChannels: Int
    let kernelHeight: Int
    let kernelWidth: Int
    let stride: Int
    let dilation: Int
    let groups: Int
    var edges: Edges
    /// Whether `edges` are those of TensorFlow's "SAME".
    var isSame: Bool
    /// Whether it came as a product with a matrix, on a map of one pixel.
    let isFullyConnected: Bool
    var normalization: Normalization?
    /// Applied to the input, which is not padded or to which nothing is added.
    var inputAffine: Affine?
    /// Applied to the normalised output.
    var outputAffine: Affine?
    var activation = Activation.none
}

struct MapPooling {
    var kind: Pooling.Kind
    let kernel: Int
    let stride: Int
    var edges: Edges
    var isSame: Bool
}
