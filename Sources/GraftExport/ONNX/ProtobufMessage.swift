/// A message in the wire format of Protocol Buffers (https://protobuf.dev/programming-guides/encoding), grown field by field.
package struct ProtobufMessage: Sendable {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    private enum WireType: UInt64 {
        case varint = 0
        case lengthDelimited = 2
        case fixed32 = 5
    }

    /// An `int32`, `int64` or enumeration.
    package mutating func add(_ field: Int, _ value: Int) {
        tag(field, .varint)
        varint(UInt64(bitPattern: Int64(value)))
    }

    /// A `float`.
    package mutating func add(_ field: Int, _ value: Float) {
        tag(field, .fixed32)
        withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
    }

    /// A `string`.
    package mutating func add(_ field: Int, _ text: String) {
        beginBytes(field, count: text.utf8.count)
        bytes.append(contentsOf: text.utf8)
    }

    package mutating func add(_ field: Int, _ message: ProtobufMessage) {
        beginBytes(field, count: message.bytes.count)
        bytes.append(contentsOf: message.bytes)
    }

    /// The tag and length of a field whose `count` bytes follow: a message, text or `bytes` that is written elsewhere.
    package mutating func beginBytes(_ field: Int, count: Int) {
        tag(field, .lengthDelimited)
        varint(UInt64(count))
    }

    /// The fields of `message` after those that are there.
    package mutating func append(_ message: ProtobufMessage) { bytes.append(contentsOf: message.bytes) }

    private mutating func tag(_ field: Int, _ type: WireType) { varint(UInt64(field) << 3 | type.rawValue) }

    /// Seven bits a byte, the lowest first; the highest bit says that more follow.
    private mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}
