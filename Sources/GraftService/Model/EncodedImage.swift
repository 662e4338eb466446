import Foundation
import GraftAPI
import GraftImage

/// An image as a client sent it.
package struct EncodedImage: Sendable {
    /// Where they were read to, if that is in one piece: a copy would push the network's maps out of the cache.
    package let bytes: Data
    /// What the client says it is; nil to go by the first bytes.
    package let format: ImageFormat?

    package init(bytes: Data, format: ImageFormat?) {
        self.bytes = bytes
        self.format = format
    }

    package init(bytes: [UInt8], format: ImageFormat?) { self.init(bytes: Data(bytes), format: format) }

    /// The format that a `Content-Type` names; nil for none or `application/octet-stream`, where the bytes decide.
    package static func format(mediaType: String?) throws(Problem) -> ImageFormat? {
        guard let mediaType, !mediaType.hasPrefix("application/octet-stream") else { return nil }
        guard let format = ImageFormat(mediaType: mediaType) else {
            throw Problem(
                .unsupportedImage,
                // curl's -d would send another type, and drop every line end of the file.
                detail: "expected image/jpeg, image/png, image/x-portable-pixmap, application/octet-stream (any of "
                    + "them), or application/x-graftd-rgb24; width=W; height=H as Content-Type, found '\(mediaType)'; "
                    + "with curl: -H 'Content-Type: image/jpeg' --data-binary @FILE")
        }
        return format
    }
}

extension Problem {
    /// Why an image was not taken.
    init(_ error: ImageError) {
        let kind: Kind =
            switch error {
            case .tooManyPixels: .imageTooLarge
            case .unsupportedFormat, .formatMismatch: .unsupportedImage
            default: .unreadableImage
            }
        self.init(kind, detail: error.description)
    }
}
