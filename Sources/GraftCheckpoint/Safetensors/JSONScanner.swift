/// Reads the pieces of JSON (RFC 8259) that a safetensors header is made of, front to back.
///
/// Unlike a general parser it sees a name that comes twice, and needs no stack for what is nested.
struct JSONScanner {
    private let bytes: [UInt8]
    private var offset = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    // MARK: - Structure

    mutating func expect(_ character: Unicode.Scalar) throws(CheckpointError) {
        guard take(character) else { throw fault("'\(character)'") }
    }

    /// Nothing but spaces may follow.
    mutating func expectEnd() throws(CheckpointError) {
        skipSpace()
        guard offset == bytes.count else { throw fault("the end") }
    }

    /// The first key of an object whose `{` was read and its `:`, or nil if the object is empty.
    mutating func firstKey() throws(CheckpointError) -> String? {
        if take("}") { return nil }
        return try key()
    }

    /// The next key of an object and its `:`, or nil at the object's end.
    mutating func nextKey() throws(CheckpointError) -> String? {
        if take("}") { return nil }
        try expect(",")
        return try key()
    }

    private mutating func key() throws(CheckpointError) -> String {
        let key = try string()
        try expect(":")
        return key
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        skipSpace()
        guard offset < bytes.count, bytes[offset] == UInt8(ascii: character) else { return false }
        offset += 1
        return true
    }

    private mutating func skipSpace() {
        while offset < bytes.count {
            switch bytes[offset] {
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"): offset += 1
            default: return
            }
        }
    }

    // MARK: - Values

    /// An array of at most `limit` integers that are not negative.
    mutating func integers(limit: Int) throws(CheckpointError) -> [Int] {
        var values: [Int] = []
        try expect("[")
        if take("]") { return values }
        repeat {
            guard values.count < limit else { throw fault("at most \(limit) numbers") }
            values.append(try integer())
        } while take(",")
        try expect("]")
        return values
    }

    private mutating func integer() throws(CheckpointError) -> Int {
        skipSpace()
        let start = offset
        var value = 0
        while offset < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[offset]) {
            let digit = Int(bytes[offset] - UInt8(ascii: "0"))
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(digit)
            guard !overflow, !carry else { throw fault("a number of at most 63 bits") }
            value = sum
            offset += 1
        }
        guard offset > start, offset == start + 1 || bytes[start] != UInt8(ascii: "0") else {
            throw fault("a whole number")
        }
        return value
    }

    mutating func string() throws(CheckpointError) -> String {
        try expect("\"")
        var text: [UInt8] = []
        while offset < bytes.count {
            let byte = bytes[offset]
            offset += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let string = String(validating: text, as: UTF8.self) else { throw fault("UTF-8 before here") }
                return string
            case UInt8(ascii: "\\"):
                text.append(contentsOf: Array(String(try escaped()).utf8))
            case ..<0x20:
                throw fault("no control character in a string")
            default:
                text.append(byte)
            }
        }
        throw fault("the end of a string")
    }

    /// What follows a backslash.
    private mutating func escaped() throws(CheckpointError) -> Unicode.Scalar {
        guard offset < bytes.count else { throw fault("an escape") }
        let byte = bytes[offset]
        offset += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try escapedScalar()
        default: throw fault("an escape")
        }
    }

    /// `XXXX`, or `XXXX\uXXXX` where two UTF-16 surrogates make one scalar.
    private mutating func escapedScalar() throws(CheckpointError) -> Unicode.Scalar {
        let first = UInt32(try hexadecimal())
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard (0xD800..<0xDC00).contains(first), offset + 2 <= bytes.count, bytes[offset] == UInt8(ascii: "\\"),
            bytes[offset + 1] == UInt8(ascii: "u")
        else { throw fault("a pair of surrogates") }
        offset += 2
        let second = UInt32(try hexadecimal())
        guard (0xDC00..<0xE000).contains(second),
            let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
        else { throw fault("a pair of surrogates") }
        return scalar
    }

    private mutating func hexadecimal() throws(CheckpointError) -> UInt16 {
        guard offset + 4 <= bytes.count, bytes[offset] != UInt8(ascii: "+"), bytes[offset] != UInt8(ascii: "-"),
            let value = UInt16(String(decoding: bytes[offset..<offset + 4], as: UTF8.self), radix: 16)
        else { throw fault("four hexadecimal digits") }
        offset += 4
        return value
    }

    private func fault(_ expected: String) -> CheckpointError {
        .malformed(detail: "byte \(offset) of the header: expected \(expected)")
    }
}
