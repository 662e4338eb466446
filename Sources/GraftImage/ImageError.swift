/// Why bytes did not become an image.
package enum ImageError: Error, Equatable, Sendable {
    /// No bytes at all.
    case empty
    /// Neither declared nor recognised, or a kind of a known format that is not decoded; `found` says what was there.
    case unsupportedFormat(found: String)
    /// The declared format is not what the bytes begin with; `found` is nil if they begin like no known format.
    case formatMismatch(declared: ImageFormat, found: ImageFormat?)
    /// The header names more pixels than `limit`; nothing was decoded.
    case tooManyPixels(width: Int, height: Int, limit: Int)
    /// The header names a side of more pixels than `limit`; nothing was decoded.
    case sideTooLong(width: Int, height: Int, limit: Int)
    /// Decoding would hold more than `byteLimit` bytes, or the system has no more.
    case tooMuchMemory(format: ImageFormat, byteLimit: Int)
    /// The bytes end before the image does.
    case truncated(format: ImageFormat, byteCount: Int)
    /// The bytes break the rules of the format; `detail` says which.
    case corrupt(format: ImageFormat, detail: String)
    /// Raw pixels of another number of bytes than the declared sides need.
    case wrongLength(expected: Int, found: Int)
}

extension ImageError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .empty:
            "the image has no bytes; send a JPEG, PNG, PPM (P6) or raw RGB image"
        case .unsupportedFormat(let found):
            "expected a JPEG, PNG, PPM (P6) or raw RGB image, found \(found); convert it to one of these"
        case .formatMismatch(let declared, let found?):
            "declared as \(declared), but the bytes are \(found); declare what is sent"
        case .formatMismatch(let declared, nil):
            "declared as \(declared), but the bytes begin like no known image; check what was sent"
        case .tooManyPixels(let width, let height, let limit):
            "\(width) x \(height) pixels are more than the limit of \(limit); send a smaller image or raise the limit"
        case .sideTooLong(let width, let height, let limit):
            "a side of \(width) x \(height) pixels is longer than the limit of \(limit); send a smaller image"
        case .tooMuchMemory(let format, let byteLimit):
            "decoding this \(format) image needs more than \(byteLimit) bytes of memory; send a smaller image"
        case .truncated(let format, let byteCount):
            "the \(format) image goes on after its \(byteCount) bytes; send the whole file"
        case .corrupt(let format, let detail):
            "the \(format) image is damaged: \(detail)"
        case .wrongLength(let expected, let found):
            "expected \(expected) bytes of raw RGB pixels, found \(found); check width and height"
        }
    }
}
