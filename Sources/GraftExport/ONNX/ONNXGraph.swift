import GraftCheckpoint

/// A graph as ONNX has it (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto): nodes in an order in which they can run,
/// and the constants that they read.
package struct ONNXGraph: Sendable {
    package enum Attribute: Sendable {
        case integer(Int)
        case integers([Int])
        case float(Float)
    }

    package struct Node: Sendable {
        package let operation: String
        /// Also the name of its output.
        package let name: String
        package let inputs: [String]
        package let attributes: [(name: String, value: Attribute)]
    }

    /// A tensor of 32-bit floats or 64-bit integers.
    package struct Constant: Sendable {
        package enum Elements: Sendable {
            case floats
            case integers
        }

        package let name: String
        package let shape: [Int]
        package let elements: Elements

        package init(name: String, shape: [Int], elements: Elements) {
            self.name = name
            self.shape = shape
            self.elements = elements
        }

        package var byteCount: Int { shape.reduce(elements == .floats ? 4 : 8, *) }
    }

    /// Constants whose bytes are made together, when they are written: a convolution's weights and bias, say.
    package struct ConstantGroup: Sendable {
        package let constants: [Constant]
        /// The little-endian bytes of each.
        package let bytes: @Sendable () throws(CheckpointError) -> [[UInt8]]

        package init(constants: [Constant], bytes: @escaping @Sendable () throws(CheckpointError) -> [[UInt8]]) {
            self.constants = constants
            self.bytes = bytes
        }
    }

    package private(set) var nodes: [Node] = []
    package private(set) var constants: [ConstantGroup] = []
    /// The names of small constants, by what they are.
    private var small: [String: String] = [:]
    private var names: Set<String>

    /// - Parameter reserved: Names that ``add(_:_:_:_:)`` gives no node but the one that ``finish(_:_:_:_:)`` adds.
    package init(reserved: Set<String>) { names = reserved }

    /// `name`, or one like it that nothing has yet.
    package mutating func unused(_ name: String) -> String {
        var (candidate, number) = (name, 2)
        while !names.insert(candidate).inserted {
            candidate = "\(name)_\(number)"
            number += 1
        }
        return candidate
    }

    /// Adds a node and returns the name of its output: `name`, or one like it where that is taken.
    mutating func add(
        _ operation: String, _ name: String, _ inputs: [String], _ attributes: [(name: String, value: Attribute)] = []
    ) -> String {
        let name = unused(name)
        nodes.append(Node(operation: operation, name: name, inputs: inputs, attributes: attributes))
        return name
    }

    /// Adds the node that gives the graph's output, whose name is reserved.
    mutating func finish(
        _ operation: String, _ output: String, _ inputs: [String], _ attributes: [(name: String, value: Attribute)]
    ) {
        precondition(names.contains(output))
        nodes.append(Node(operation: operation, name: output, inputs: inputs, attributes: attributes))
    }

    /// - Precondition: the constants' names come from ``unused(_:)``.
    package mutating func add(_ group: ConstantGroup) { constants.append(group) }

    /// The name of a constant number; the same one is kept once.
    mutating func scalar(_ value: Float) -> String {
        constant("\(value)", .floats, shape: [], bytes: [value].span.bytes.copied())
    }

    /// The name of a constant vector of integers; the same one is kept once.
    mutating func vector(_ integers: [Int]) -> String {
        let elements = integers.map(Int64.init)
        return constant("\(integers)", .integers, shape: [integers.count], bytes: elements.span.bytes.copied())
    }

    private mutating func constant(
        _ key: String, _ elements: Constant.Elements, shape: [Int], bytes: [UInt8]
    ) -> String {
        if let name = small[key] { return name }
        let name = unused("constant\(small.count)")
        small[key] = name
        let constant = Constant(name: name, shape: shape, elements: elements)
        constants.append(ConstantGroup(constants: [constant]) { () throws(CheckpointError) in [bytes] })
        return name
    }
}

extension RawSpan {
    func copied() -> [UInt8] { withUnsafeBytes { [UInt8]($0) } }
}
