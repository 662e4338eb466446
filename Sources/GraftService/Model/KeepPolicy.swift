import GraftAPI
import GraftImage
import GraftStore
import GraftTensor

/// What is kept of a taught image, so that a backbone that comes later can look at it.
package enum KeepPolicy: String, Sendable, CaseIterable {
    /// Nothing.
    case none
    /// The square that backbones look at, small.
    case thumbnail
    /// The bytes that were sent.
    case original

    /// Larger originals are kept as thumbnails: one would take the room of a hundred others.
    private static let originalLimit = 16 << 20
    /// Smaller images are kept as they were sent: a thumbnail would save little, and lose something.
    private static let smallImage = 64 << 10

    /// Whether `image` is kept by its bytes alone.
    private func keepsBytes(of image: EncodedImage) -> Bool {
        image.bytes.count <= (self == .original ? Self.originalLimit : Self.smallImage)
    }

    /// What is kept of `image`, which has been decoded before; nil for nothing. A thumbnail is made on a thread of `pool`.
    ///
    /// - Throws: `Problem` where the pool takes no more work.
    func kept(_ image: EncodedImage, limits: ImageLimits, on pool: ComputePool) async throws(Problem) -> KeptImage? {
        if self == .none { return nil }
        if keepsBytes(of: image) { return KeptImage(image) }
        return try await Vision.compute(on: pool) { _ in
            let thumbnail = KeptImage(
                EncodedImage(
                    bytes: try Image.thumbnail(
                        of: image.bytes.span, declared: image.format, side: Thumbnail.side, limits: limits
                    ).jpeg(quality: Thumbnail.quality), format: .jpeg))
            // Noise is the one picture whose thumbnail can be larger.
            return thumbnail.bytes.count < image.bytes.count ? thumbnail : KeptImage(image)
        }
    }
}

/// How small, and how good.
private enum Thumbnail {
    static let side = 320
    static let quality = 95
}

extension KeptImage {
    /// - Precondition: the bytes have been decoded as an image.
    init(_ image: EncodedImage) {
        guard let format = image.format ?? ImageFormat.sniff(image.bytes.span) else {
            preconditionFailure("what was decoded has a format")
        }
        self.init(mediaType: format.description, bytes: Array(image.bytes))
    }
}

extension EncodedImage {
    /// A kept image as a client would send it.
    ///
    /// - Throws: `Problem` of kind `unsupported-image` where its type is not known any more.
    init(_ kept: KeptImage) throws(Problem) {
        self.init(bytes: kept.bytes, format: try Self.format(mediaType: kept.mediaType))
    }
}
