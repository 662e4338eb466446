/// A path and query of the API, with every byte escaped that is not unreserved (RFC 3986, section 2.3): labels and
/// ids may hold anything.
struct RequestTarget: Sendable, Equatable, CustomStringConvertible {
    private(set) var description: String

    /// `segments` joined by slashes, then those of `query` that have a value.
    init(_ segments: String..., query: [(name: String, value: String?)] = []) {
        description = "/" + segments.map(Self.escaped).joined(separator: "/")
        let pairs = query.compactMap { pair in
            pair.value.map { "\(Self.escaped(pair.name))=\(Self.escaped($0))" }
        }
        if !pairs.isEmpty { description += "?" + pairs.joined(separator: "&") }
    }

    /// `text` as UTF-8 with everything but letters, digits, `-`, `.`, `_` and `~` as `%XX`.
    static func escaped(_ text: String) -> String {
        // A segment that is all dots would be taken for a step in the path.
        let escapesDots = text == "." || text == ".."
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: ".") where escapesDots: bytes += Array("%2E".utf8)
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
                bytes.append(byte)
            default:
                bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static let digits = Array("0123456789ABCDEF".utf8)
}
