import CJPEG
import Foundation
import GraftTensor

extension Image {
    /// The square in the middle of an image, upright, its side `side` pixels, or fewer where the image has fewer.
    ///
    /// That square is all that any preprocessing looks at, so features can be made of it again.
    ///
    /// - Parameter declared: the format that the sender names; nil to go by the first bytes.
    package static func thumbnail(
        of bytes: Span<UInt8>, declared: ImageFormat?, side: Int, limits: ImageLimits = ImageLimits()
    ) throws(ImageError) -> Image {
        try withDecoder(of: bytes, declared: declared, limits: limits) { decoder throws(ImageError) in
            let side = min(side, decoder.header.width, decoder.header.height)
            return try centerCrop(
                decoder,
                using: Preprocessing(
                    resizeShorterSide: side, cropSide: side, interpolation: .bicubic, channelOrder: .rgb,
                    mean: [0, 0, 0], standardDeviation: [1, 1, 1]),
                kernels: InstructionSet.best.kernels)
        }
    }

    /// The image as a baseline JPEG of a quality of 1...100, chroma as fine as luma.
    package func jpeg(quality: Int) -> [UInt8] {
        var count = 0
        guard let bytes = graft_jpeg_encode(pixels, Int32(width), Int32(height), Int32(quality), &count) else {
            // The one cause, and one that ends any Swift code.
            preconditionFailure("no memory to encode \(width) x \(height) pixels")
        }
        defer { free(bytes) }
        return [UInt8](UnsafeBufferPointer(start: bytes, count: count))
    }
}
