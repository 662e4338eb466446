import Foundation

/// Why the description of a network cannot be used.
package enum NetworkDescriptionError: Error, Equatable, Sendable, CustomStringConvertible {
    case malformed(detail: String)

    package var description: String {
        switch self {
        case .malformed(let detail): "the description of the network cannot be used: \(detail); import it again"
        }
    }
}

/// The blocks of a network as JSON: how a network that came as a graph travels in a backbone's file.
///
/// What is read is checked in full: a network that passes can be planned and run.
package struct NetworkDescription {
    package let blocks: [Block]

    /// So many layers has no network of images by far; planning takes time that grows with their square.
    private static let nodeLimit = 10_000
    private static let channelLimit = 1 << 17
    /// Of windows, strides, and whatever else counts pixels.
    private static let pixelLimit = 4096
    /// Elements of one tensor.
    private static let elementLimit = 1 << 28

    package init(blocks: [Block]) { self.blocks = blocks }

    /// The text is part of a backbone's fingerprint, so the same blocks always give the same.
    package var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(blocks.map(EncodedBlock.init)) else {
            preconditionFailure("a network is no JSON")
        }
        return String(decoding: data, as: UTF8.self)
    }

    /// Reads `graph`, which is what ``json`` gives, or takes `blocks` where there is none.
    init(graph: String?, else blocks: [Block]) throws(NetworkDescriptionError) {
        if let graph { try self.init(json: graph) } else { self.init(blocks: blocks) }
    }

    /// Reads what ``json`` gives.
    package init(json: String) throws(NetworkDescriptionError) {
        let encoded: [EncodedBlock]
        do {
            encoded = try JSONDecoder().decode([EncodedBlock].self, from: Data(json.utf8))
        } catch {
            throw .malformed(detail: String(describing: error))
        }
        guard encoded.reduce(0, { $0 + $1.nodes.count }) <= Self.nodeLimit else {
            throw .malformed(detail: "it has more than \(Self.nodeLimit) layers, the limit")
        }
        var blocks: [Block] = []
        for block in encoded { blocks.append(try block.block()) }
        self.init(blocks: blocks)
        let names = blocks.flatMap(\.parameters).map(\.name)
        guard Set(names).count == names.count, Set(blocks.map(\.name)).count == blocks.count else {
            throw .malformed(detail: "two of its blocks or weights have one name")
        }
    }

    /// The length of the features that images of `side` pixels give.
    ///
    /// - Throws: for blocks that do not follow each other, or end in anything but features.
    package func featureCount(side: Int) throws(NetworkDescriptionError) -> Int {
        var shape = MapShape(height: side, width: side, channels: 3)
        for block in blocks {
            guard let shapes = block.shapes(of: shape) else {
                throw .malformed(detail: "block '\(block.name)' cannot take images of \(shape)")
            }
            guard shapes.allSatisfy({ $0.count <= Self.elementLimit }) else {
                throw .malformed(
                    detail: "block '\(block.name)' has a tensor of more than \(Self.elementLimit) elements")
            }
            shape = shapes.last!
        }
        guard shape.pixels == 1 else {
            throw .malformed(detail: "it ends in a map of \(shape.height) x \(shape.width) pixels, not in features")
        }
        return shape.channels
    }

    fileprivate static func check(_ node: EncodedNode) -> Bool {
        let channels = [node.from, node.to, node.groups].compactMap(\.self)
        let pixels = [node.kernel, node.stride, node.dilation].compactMap(\.self)
        return channels.allSatisfy { (1...channelLimit).contains($0) }
            && pixels.allSatisfy { (1...pixelLimit).contains($0) }
            && (node.padding ?? []).allSatisfy { (0...pixelLimit).contains($0) }
    }
}

extension MapShape: CustomStringConvertible {
    package var description: String { "\(height) x \(width) x \(channels)" }
}

// MARK: - As JSON

private struct EncodedBlock: Codable {
    let name: String
    let nodes: [EncodedNode]

    init(_ block: Block) {
        name = block.name
        nodes = block.nodes.map(EncodedNode.init)
    }

    func block() throws(NetworkDescriptionError) -> Block {
        var nodes: [Block.Node] = []
        for node in self.nodes {
            guard NetworkDescription.check(node), let layer = node.layer() else {
                throw .malformed(detail: "layer '\(node.name)' of block '\(name)' is none that this version knows")
            }
            nodes.append(Block.Node(layer, named: node.name, of: node.inputs, adding: node.residual))
        }
        guard Block.isOrdered(nodes) else {
            throw .malformed(detail: "block '\(name)' is in no order in which it can run")
        }
        return Block(name, nodes: nodes)
    }
}

/// One layer; what it does not have is left out.
private struct EncodedNode: Codable {
    var name: String
    var kind: String
    var inputs: [Int]
    var residual: Int?
    var activation: String?
    var from: Int?
    var to: Int?
    var kernel: Int?
    var stride: Int?
    var dilation: Int?
    var groups: Int?
    /// Top, left, bottom, right; one number for all four; none for TensorFlow's "SAME".
    var padding: [Int]?
    var epsilon: Float?
    var bias: Bool?
    /// Of an average: whether it counts the zeros around the image.
    var countsPadding: Bool?

    init(_ node: Block.Node) {
        (name, inputs, residual) = (node.name, node.inputs, node.residual)
        switch node.layer {
        case .convolution(let convolution):
            kind = "convolution"
            activation = convolution.activation.rawValue
            (from, to, kernel) = (convolution.inputChannels, convolution.outputChannels, convolution.kernel)
            (stride, dilation, groups) = (convolution.stride, convolution.dilation, convolution.groups)
            padding = Self.encoded(convolution.padding)
            (epsilon, bias) = (convolution.normalizationEpsilon, convolution.hasBias)
        case .pooling(let pooling):
            (kernel, stride, padding) = (pooling.kernel, pooling.stride, Self.encoded(pooling.padding))
            switch pooling.kind {
            case .max: kind = "largest"
            case .average(let counts): (kind, countsPadding) = ("average", counts)
            }
        case .globalAveragePooling: kind = "mean"
        case .sum(let activation): (kind, self.activation) = ("sum", activation.rawValue)
        case .product: kind = "product"
        case .concatenation: kind = "concatenation"
        case .activation(let activation): (kind, self.activation) = ("activation", activation.rawValue)
        case .padding(let padding): (kind, self.padding) = ("padding", Self.encoded(padding))
        }
    }

    /// nil for what is missing, contradictory or unknown.
    func layer() -> Layer? {
        let function = activation.map(Activation.init(rawValue:)) ?? Activation.none
        guard let function, let padding = decodedPadding else { return nil }
        switch kind {
        case "convolution":
            guard let from, let to, let kernel, let stride, let dilation, let groups, from % groups == 0,
                to % groups == 0
            else { return nil }
            return .convolution(
                Convolution(
                    name, from: from, to: to, kernel: kernel, stride: stride, padding: padding, dilation: dilation,
                    groups: groups, normalizationEpsilon: epsilon, hasBias: bias, activation: function, sources: []))
        case "largest", "average":
            guard let kernel, let stride, (self.padding ?? []).allSatisfy({ $0 < kernel }) else { return nil }
            return .pooling(
                Pooling(
                    kind == "largest" ? .max : .average(countsPadding: countsPadding ?? false), kernel: kernel,
                    stride: stride, padding: padding))
        case "mean": return .globalAveragePooling
        case "sum": return .sum(function)
        case "product": return .product
        case "concatenation": return .concatenation
        case "activation": return .activation(function)
        case "padding": return self.padding == nil ? nil : .padding(padding)
        default: return nil
        }
    }

    private static func encoded(_ padding: Padding) -> [Int]? {
        switch padding {
        case .symmetric(let zeros): [zeros]
        case .same: nil
        case .explicit(let top, let left, let bottom, let right): [top, left, bottom, right]
        }
    }

    private var decodedPadding: Padding? {
        guard let padding else { return .same }
        switch padding.count {
        case 1: return .symmetric(padding[0])
        case 4: return .explicit(top: padding[0], left: padding[1], bottom: padding[2], right: padding[3])
        default: return nil
        }
    }
}
