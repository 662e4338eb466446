import GraftCheckpoint

/// An ONNX file: one graph from `input` to `output`, and texts about it.
package struct ONNXFile: Sendable {
    /// Who knows this version of the operators: ONNX 1.12, ONNX Runtime 1.12, both of 2022, and all later ones.
    static let operatorSet = 17
    /// The version of the format that came with it.
    private static let formatVersion = 8
    /// Protocol Buffers has no larger messages.
    package static let byteLimit = Int(Int32.max)

    package struct Value: Sendable {
        let name: String
        /// Sides that the graph leaves open have a name.
        let shape: [Side]

        package enum Side: Sendable {
            case open(String)
            case fixed(Int)
        }

        package init(name: String, shape: [Side]) {
            self.name = name
            self.shape = shape
        }
    }

    let name: String
    let graph: ONNXGraph
    let input: Value
    let output: Value
    let metadata: [String: String]

    package init(name: String, graph: ONNXGraph, input: Value, output: Value, metadata: [String: String]) {
        self.name = name
        self.graph = graph
        self.input = input
        self.output = output
        self.metadata = metadata
    }

    /// Writes the file to `path`, all or nothing, with no more than one group of constants in memory.
    ///
    /// - Throws: `tooLarge`, or what the constants' bytes or the disk throw.
    package func write(to path: String) throws(ExportError) {
        var graphHead = ProtobufMessage()
        for node in graph.nodes { graphHead.add(GraphField.node, message(node)) }
        graphHead.add(GraphField.name, name)
        graphHead.add(GraphField.input, message(input))
        graphHead.add(GraphField.output, message(output))

        // Each constant up to its elements, which are not there yet: only their number is known.
        let heads = graph.constants.map { group in group.constants.map { opening(of: $0) } }
        let constantBytes = zip(graph.constants, heads).reduce(0) { sum, group in
            zip(group.0.constants, group.1).reduce(sum) { $0 + $1.1.bytes.count + $1.0.byteCount }
        }
        var head = modelHead()
        head.beginBytes(ModelField.graph, count: graphHead.bytes.count + constantBytes)
        let byteCount = head.bytes.count + graphHead.bytes.count + constantBytes
        guard byteCount <= Self.byteLimit else { throw .tooLarge(byteCount: byteCount, limit: Self.byteLimit) }

        try checkpoint { () throws(CheckpointError) in
            let file = try ReplacementFile(path: path)
            try file.write(head.bytes)
            try file.write(graphHead.bytes)
            for (group, heads) in zip(graph.constants, heads) {
                let elements = try group.bytes()
                precondition(elements.count == group.constants.count)
                for (constant, (head, elements)) in zip(group.constants, zip(heads, elements)) {
                    precondition(elements.count == constant.byteCount, "\(constant.name) has another length")
                    try file.write(head.bytes)
                    try file.write(elements)
                }
            }
            try file.publish()
        }
    }

    // MARK: - Messages

    private enum ModelField {
        static let formatVersion = 1, producer = 2, graph = 7, operatorSet = 8, metadata = 14
    }

    private enum GraphField {
        static let node = 1, name = 2, constant = 5, input = 11, output = 12
    }

    /// Of `TensorProto.DataType` and `AttributeProto.AttributeType`.
    private enum TypeCode {
        static let float = 1, int64 = 7
        static let floatAttribute = 1, integerAttribute = 2, integersAttribute = 7
    }

    private func modelHead() -> ProtobufMessage {
        var operators = ProtobufMessage()
        operators.add(2, Self.operatorSet)
        var model = ProtobufMessage()
        model.add(ModelField.formatVersion, Self.formatVersion)
        model.add(ModelField.producer, "graftd")
        model.add(ModelField.operatorSet, operators)
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
            var entry = ProtobufMessage()
            entry.add(1, key)
            entry.add(2, value)
            model.add(ModelField.metadata, entry)
        }
        return model
    }

    private func message(_ node: ONNXGraph.Node) -> ProtobufMessage {
        var message = ProtobufMessage()
        for input in node.inputs { message.add(1, input) }
        message.add(2, node.name)
        message.add(3, node.name)
        message.add(4, node.operation)
        for (name, value) in node.attributes {
            var attribute = ProtobufMessage()
            attribute.add(1, name)
            switch value {
            case .integer(let value):
                attribute.add(3, value)
                attribute.add(20, TypeCode.integerAttribute)
            case .integers(let values):
                for value in values { attribute.add(8, value) }
                attribute.add(20, TypeCode.integersAttribute)
            case .float(let value):
                attribute.add(2, value)
                attribute.add(20, TypeCode.floatAttribute)
            }
            message.add(5, attribute)
        }
        return message
    }

    private func message(_ value: Value) -> ProtobufMessage {
        var shape = ProtobufMessage()
        for side in value.shape {
            var dimension = ProtobufMessage()
            switch side {
            case .fixed(let count): dimension.add(1, count)
            case .open(let name): dimension.add(2, name)
            }
            shape.add(1, dimension)
        }
        var tensor = ProtobufMessage()
        tensor.add(1, TypeCode.float)
        tensor.add(2, shape)
        var type = ProtobufMessage()
        type.add(1, tensor)
        var message = ProtobufMessage()
        message.add(1, value.name)
        message.add(2, type)
        return message
    }

    /// All of a constant's field of the graph but its elements, which come last.
    private func opening(of constant: ONNXGraph.Constant) -> ProtobufMessage {
        var tensor = ProtobufMessage()
        for side in constant.shape { tensor.add(1, side) }
        tensor.add(2, constant.elements == .floats ? TypeCode.float : TypeCode.int64)
        tensor.add(8, constant.name)
        tensor.beginBytes(9, count: constant.byteCount)
        var head = ProtobufMessage()
        head.beginBytes(GraphField.constant, count: tensor.bytes.count + constant.byteCount)
        head.append(tensor)
        return head
    }
}
