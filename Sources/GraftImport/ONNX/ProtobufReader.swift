import GraftCheckpoint

/// Walks the fields of one protobuf message front to back
/// (https://protobuf.dev/programming-guides/encoding/), without a copy.
///
/// A message knows its length, so a field that says it is longer than its message is an error where it stands.
struct ProtobufReader {
    private var bytes: ByteReader

    init(_ file: MappedFile, range: Range<Int>) { bytes = ByteReader(file, range: range) }

    /// The next field, or nil at the message's end.
    ///
    /// - Throws: `truncated`, or `malformed` for what no writer of the format has made since 2008.
    mutating func next() throws(ImportError) -> ProtobufField? {
        guard bytes.offset < bytes.end else { return nil }
        let start = bytes.offset
        let tag = try bytes.varint()
        guard let number = Int(exactly: tag >> 3), number > 0, number < 1 << 29 else {
            throw .malformed(detail: "byte \(start) should start a field of a message")
        }
        let content: ProtobufField.Content
        switch tag & 7 {
        case 0: content = .varint(try bytes.varint())
        case 1: content = .fixed(try bytes.take(8))
        case 2:
            let length = try bytes.varint()
            guard length <= UInt64(bytes.end - bytes.offset) else { throw .truncated(atByte: bytes.end) }
            content = .bytes(try bytes.take(Int(length)))
        case 5: content = .fixed(try bytes.take(4))
        default: throw .malformed(detail: "byte \(start) starts a field of the unknown wire type \(tag & 7)")
        }
        return ProtobufField(number: number, content: content, start: start, file: bytes.file)
    }
}

/// A field as it lies in the file; its number says what it means.
struct ProtobufField {
    enum Content {
        case varint(UInt64)
        /// 4 or 8 bytes.
        case fixed(Range<Int>)
        /// Text, a message, or many numbers side by side.
        case bytes(Range<Int>)
    }

    let number: Int
    let content: Content
    /// Where the field starts in `file`.
    let start: Int
    let file: MappedFile

    /// The message, text or packed numbers.
    func range() throws(ImportError) -> Range<Int> {
        guard case .bytes(let range) = content else { throw unexpected("bytes") }
        return range
    }

    func message() throws(ImportError) -> ProtobufReader { ProtobufReader(file, range: try range()) }

    /// - Throws: `tooLarge` for a text longer than any name.
    func text() throws(ImportError) -> String {
        let range = try range()
        var reader = ByteReader(file, range: range)
        return try reader.text(byteCount: range.count, limit: 1 << 16)
    }

    func integer() throws(ImportError) -> Int64 {
        guard case .varint(let bits) = content else { throw unexpected("an integer") }
        return Int64(bitPattern: bits)
    }

    func float() throws(ImportError) -> Float {
        guard case .fixed(let range) = content, range.count == 4 else { throw unexpected("a 32-bit float") }
        return Float(bitPattern: file.integer(at: range.lowerBound, as: UInt32.self))
    }

    /// Adds the integers of a repeated field, of which this is one, or many packed.
    func appendIntegers(to integers: inout [Int64], limit: Int) throws(ImportError) {
        if case .varint(let bits) = content {
            guard integers.count < limit else { throw .tooLarge(what: "integers in a list", limit: limit) }
            integers.append(Int64(bitPattern: bits))
            return
        }
        var packed = ByteReader(file, range: try range())
        while packed.offset < packed.end {
            guard integers.count < limit else { throw .tooLarge(what: "integers in a list", limit: limit) }
            integers.append(Int64(bitPattern: try packed.varint()))
        }
    }

    /// The little-endian numbers of a repeated field, each `width` bytes, of which this is one, or many packed.
    func fixedNumbers(width: Int) throws(ImportError) -> Range<Int> {
        switch content {
        case .fixed(let range) where range.count == width: return range
        case .bytes(let range) where range.count % width == 0: return range
        default: throw unexpected("numbers of \(width) bytes")
        }
    }

    private func unexpected(_ expected: String) -> ImportError {
        .malformed(detail: "field \(number) at byte \(start) should hold \(expected)")
    }
}

extension ByteReader {
    /// The next integer of up to ten bytes, seven bits each, the lowest first.
    mutating func varint() throws(ImportError) -> UInt64 {
        let start = offset
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), through: 63, by: 7) {
            let byte = try byte()
            value |= UInt64(byte & 0x7F) << shift
            guard byte & 0x80 != 0 else {
                // Of the tenth byte only one bit is left.
                guard shift < 63 || byte <= 1 else { break }
                return value
            }
        }
        throw .malformed(detail: "the integer at byte \(start) is longer than 64 bits")
    }
}
