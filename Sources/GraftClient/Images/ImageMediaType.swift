/// The image types that are sent, as their media types.
package enum ImageMediaType: String, Sendable, CaseIterable {
    case jpeg = "image/jpeg"
    case png = "image/png"
    case ppm = "image/x-portable-pixmap"

    /// How many bytes ``sniff(_:)`` looks at.
    package static let signatureLength = 8

    /// The type of a file that begins with `bytes`, whatever its name says; nil for any other.
    package static func sniff(_ bytes: some Collection<UInt8>) -> ImageMediaType? {
        if bytes.starts(with: [0xFF, 0xD8, 0xFF]) { return .jpeg }
        if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) { return .png }
        // "P6", then white space or a comment, so that a text that begins with "P6" and goes on is none.
        guard bytes.starts(with: Array("P6".utf8)), let third = bytes.dropFirst(2).first else { return nil }
        return Array(" \t\n\r\u{B}\u{C}#".utf8).contains(third) ? .ppm : nil
    }
}
