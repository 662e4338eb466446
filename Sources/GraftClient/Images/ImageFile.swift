import Foundation

/// An image file, read in full and known by its first bytes.
package struct ImageFile: Sendable {
    package let path: String
    package let mediaType: ImageMediaType
    package let bytes: Data

    /// No photograph is larger; the daemon's own limit is lower, and its to say.
    package static let byteLimit = 256 << 20

    /// - Throws: where the file cannot be read, is too large, or is not one of the types of ``ImageMediaType``.
    package init(reading path: String) throws(FileError) {
        let file = try OpenFile(reading: path)
        guard file.byteCount <= Self.byteLimit else {
            throw FileError(
                path: path, reason: "it has \(file.byteCount) bytes; at most \(Self.byteLimit) are sent")
        }
        // The signature first, so that a film or an archive among the images is not read in full.
        let signature = try file.read(upTo: ImageMediaType.signatureLength)
        guard !signature.isEmpty else { throw FileError(path: path, reason: "it is empty") }
        guard let mediaType = ImageMediaType.sniff(signature) else {
            throw FileError(path: path, reason: "not a JPEG, PNG or PPM image")
        }
        self.path = path
        self.mediaType = mediaType
        bytes = signature + (try file.read(upTo: Self.byteLimit))
    }
}
