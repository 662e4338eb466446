import Crypto

/// The SHA-256 of bytes (FIPS 180-4): what fingerprints and file checks compare.
package struct SHA256Digest: Sendable, Hashable, CustomStringConvertible {
    /// 32 bytes.
    package let bytes: [UInt8]

    /// - Precondition: 32 bytes.
    package init(bytes: [UInt8]) {
        precondition(bytes.count == 32)
        self.bytes = bytes
    }

    /// 64 lower-case hexadecimal digits.
    package var description: String {
        var digits: [UInt8] = []
        digits.reserveCapacity(2 * bytes.count)
        for byte in bytes {
            for nibble in [byte >> 4, byte & 15] {
                digits.append(nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10)
            }
        }
        return String(decoding: digits, as: UTF8.self)
    }
}

/// A SHA-256 that is fed piece by piece, for what is too long to hold or arrives as a stream.
package struct SHA256Stream {
    private var hash = SHA256()

    package init() {}

    package mutating func update(_ bytes: Span<UInt8>) {
        bytes.withUnsafeBufferPointer { hash.update(bufferPointer: UnsafeRawBufferPointer($0)) }
    }

    package mutating func update(_ bytes: [UInt8]) { update(bytes.span) }

    mutating func update(_ bytes: RawSpan) {
        bytes.withUnsafeBytes { hash.update(bufferPointer: $0) }
    }

    /// The digest of what was fed so far; more can follow.
    package func digest() -> SHA256Digest { SHA256Digest(bytes: Array(hash.finalize())) }
}

/// The SHA-256 of `bytes`.
package func sha256(of bytes: Span<UInt8>) -> SHA256Digest {
    var stream = SHA256Stream()
    stream.update(bytes)
    return stream.digest()
}

/// The SHA-256 of `bytes`.
package func sha256(of bytes: [UInt8]) -> SHA256Digest { sha256(of: bytes.span) }
