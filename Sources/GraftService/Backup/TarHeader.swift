/// The header of one file in a tar archive (POSIX.1-1988 "ustar"; sizes of 8 GiB and more in GNU's base 256).
package struct TarHeader: Sendable, Equatable {
    package var name: String
    package var byteCount: Int
    /// Seconds since 1970.
    package var modified: Int

    package static let length = 512
    /// How many bytes follow a content of `byteCount`, so that the next header begins at a multiple of 512.
    package static func padding(after byteCount: Int) -> Int { -byteCount & (length - 1) }

    package init(name: String, byteCount: Int, modified: Int) {
        precondition(name.utf8.count < 100 && byteCount >= 0)
        self.name = name
        self.byteCount = byteCount
        self.modified = modified
    }

    package var bytes: [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Self.length)
        func put(_ text: String, at offset: Int) {
            bytes.replaceSubrange(offset..<offset + text.utf8.count, with: text.utf8)
        }
        func octal(_ number: Int, digits: Int) -> String {
            let text = String(number, radix: 8)
            return String(repeating: "0", count: max(0, digits - text.count)) + text
        }
        put(name, at: 0)
        put(octal(0o640, digits: 7), at: 100)
        put(octal(0, digits: 7), at: 108)
        put(octal(0, digits: 7), at: 116)
        if byteCount < 1 << 33 {
            put(octal(byteCount, digits: 11), at: 124)
        } else {
            bytes[124] = 0x80
            for i in 0..<8 { bytes[135 - i] = UInt8(truncatingIfNeeded: byteCount >> (8 * i)) }
        }
        put(octal(max(0, modified), digits: 11), at: 136)
        bytes[156] = UInt8(ascii: "0")
        put("ustar", at: 257)
        put("00", at: 263)
        put(octal(Self.checksum(bytes), digits: 6), at: 148)
        bytes[154] = 0
        bytes[155] = UInt8(ascii: " ")
        return bytes
    }

    /// The header that `bytes` are; nil where they are none of a plain file.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.length, bytes[156] == UInt8(ascii: "0"),
            Self.octal(bytes[148..<156]) == Self.checksum(bytes),
            let name = String(validating: bytes[..<100].prefix { $0 != 0 }, as: UTF8.self), !name.isEmpty,
            let modified = Self.octal(bytes[136..<148])
        else { return nil }
        if bytes[124] == 0x80 {
            guard bytes[125..<128].allSatisfy({ $0 == 0 }), bytes[128] < 0x80 else { return nil }
            byteCount = bytes[128..<136].reduce(0) { $0 << 8 | Int($1) }
        } else {
            guard let count = Self.octal(bytes[124..<136]) else { return nil }
            byteCount = count
        }
        self.name = name
        self.modified = modified
    }

    private static func octal(_ field: ArraySlice<UInt8>) -> Int? {
        let digits = field.drop { $0 == UInt8(ascii: " ") }.prefix { $0 != 0 && $0 != UInt8(ascii: " ") }
        return Int(String(decoding: digits, as: UTF8.self), radix: 8).flatMap { $0 >= 0 ? $0 : nil }
    }

    /// The sum of all bytes, those of the checksum itself taken as spaces.
    private static func checksum(_ bytes: [UInt8]) -> Int {
        var sum = 0
        for (i, byte) in bytes.enumerated() { sum += (148..<156).contains(i) ? 32 : Int(byte) }
        return sum
    }
}
