import GraftCheckpoint
import GraftImport

/// A protobuf message, written field by field.
struct Message {
    private(set) var bytes: [UInt8] = []

    init(_ fields: Field...) { for field in fields { add(field) } }
    init(_ fields: [Field]) { for field in fields { add(field) } }

    enum Field {
        case integer(Int, Int64)
        case text(Int, String)
        case message(Int, Message)
        case bytes(Int, [UInt8])
        /// 4 bytes.
        case fixed(Int, [UInt8])
    }

    mutating func add(_ field: Field) {
        switch field {
        case .integer(let number, let value):
            bytes += Self.varint(UInt64(number) << 3) + Self.varint(UInt64(bitPattern: value))
        case .text(let number, let text): add(.bytes(number, Array(text.utf8)))
        case .message(let number, let message): add(.bytes(number, message.bytes))
        case .fixed(let number, let content): bytes += Self.varint(UInt64(number) << 3 | 5) + content
        case .bytes(let number, let content):
            bytes += Self.varint(UInt64(number) << 3 | 2) + Self.varint(UInt64(content.count)) + content
        }
    }

    static func varint(_ value: UInt64) -> [UInt8] {
        var (value, bytes) = (value, [UInt8]())
        while value >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: value) | 0x80)
            value >>= 7
        }
        return bytes + [UInt8(value)]
    }
}

/// ONNX graphs by hand: those that no exporter writes.
struct GraphBuilder {
    var nodes: [Message] = []
    var initializers: [Message] = []
    var inputs = [Self.port("image", [1, 3, 8, 8])]
    var outputs = ["y"]
    var version: Int64 = 17
    var functions: [Message] = []

    static func port(_ name: String, _ shape: [Int64]) -> Message {
        let sides = shape.map { Message.Field.message(1, Message($0 < 0 ? .text(2, "n") : .integer(1, $0))) }
        let type = Message(.integer(1, 1), .message(2, Message(sides)))
        return Message(.text(1, name), .message(2, Message(.message(1, type))))
    }

    mutating func node(
        _ operation: String, _ inputs: [String], _ outputs: [String], name: String = "n", domain: String = "",
        _ attributes: [Message] = []
    ) {
        nodes.append(
            Message(
                inputs.map { .text(1, $0) } + outputs.map { .text(2, $0) } + [.text(3, name), .text(4, operation)]
                    + attributes.map { .message(5, $0) } + (domain.isEmpty ? [] : [.text(7, domain)])))
    }

    static func attribute(_ name: String, _ value: Int64) -> Message {
        Message(.text(1, name), .integer(3, value), .integer(20, 2))
    }

    static func attribute(_ name: String, _ values: [Int64]) -> Message {
        Message([.text(1, name)] + values.map { .integer(8, $0) } + [.integer(20, 7)])
    }

    static func attribute(_ name: String, real value: Float) -> Message {
        let bits = withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) }
        return Message(.text(1, name), .fixed(2, bits), .integer(20, 1))
    }

    static func tensor(_ name: String, _ shape: [Int64], type: Int64 = 1, raw: [UInt8]) -> Message {
        Message(shape.map { .integer(1, $0) } + [.integer(2, type), .text(8, name), .bytes(9, raw)])
    }

    mutating func integers(_ name: String, _ values: [Int64]) {
        let raw = values.flatMap { withUnsafeBytes(of: $0.littleEndian) { Array($0) } }
        initializers.append(Self.tensor(name, [Int64(values.count)], type: 7, raw: raw))
    }

    mutating func floats(_ name: String, _ shape: [Int64], _ value: Float = 0.5) {
        let count = Int(shape.reduce(1, *))
        let raw = (0..<count).flatMap { _ in withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) } }
        initializers.append(Self.tensor(name, shape, raw: raw))
    }

    /// A 3 × 3 convolution from the image, or another tensor with 3 channels, to `output` with as many.
    mutating func convolution(_ input: String = "image", _ output: String = "y") {
        floats("w.\(output)", [3, 3, 3, 3])
        node("Conv", [input, "w.\(output)"], [output], name: "conv.\(output)", [Self.attribute("pads", [1, 1, 1, 1])])
    }

    var file: MappedFile {
        let graph = Message(
            nodes.map { .message(1, $0) } + initializers.map { .message(5, $0) } + inputs.map { .message(11, $0) }
                + outputs.map { .message(12, Message(.text(1, $0))) })
        let fields: [Message.Field] = [.integer(1, 8), .message(7, graph), .message(8, Message(.integer(2, version)))]
        return MappedFile(bytes: Message(fields + functions.map { .message(25, $0) }).bytes)
    }

    func read(folder: String = "/nonexistent", side: Int? = nil) throws(ImportError) -> ONNXNetwork {
        try readONNX(file, folder: folder, side: side)
    }
}
