import GraftTensor

/// How a latent `[H, W, C]` is kept: as bytes that are a part of what its floats take.
package enum LatentFormat: String, Sendable, CaseIterable {
    /// A byte for each element, and for each channel the range that the bytes divide: 4 times less than floats.
    case int8
    /// 16-bit floats: half of what floats take, rounded to 11 significant bits.
    case half

    /// The bytes that a latent of this shape takes.
    package func byteCount(_ shape: MapShape) -> Int {
        switch self {
        case .int8: shape.count + ChannelRanges.byteCount(channels: shape.channels)
        case .half: shape.count * MemoryLayout<UInt16>.stride
        }
    }

    /// The bytes of `latent` `[H, W, C]`.
    ///
    /// - Throws: ``LatentError/notFinite`` for what no format can hold.
    /// - Precondition: `latent` has as many elements as `shape`.
    package func encode(
        _ latent: Span<Float>, shape: MapShape, instructionSet: InstructionSet = .best
    ) throws(LatentError) -> [UInt8] {
        precondition(latent.count == shape.count, "\(latent.count) elements are no latent of \(shape)")
        switch self {
        case .int8:
            let kernels = instructionSet.kernels
            return try ChannelRanges(latent, channels: shape.channels, kernels: kernels).encode(
                latent, kernels: kernels)
        case .half:
            guard latent.isFinite else { throw .notFinite }
            return encodeHalf(latent)
        }
    }

    /// Writes the elements of a latent of this shape from its bytes to `latents`, from `place` on.
    ///
    /// - Throws: ``LatentError`` for bytes that are no latent of the shape; its place is then as it was, or written in part.
    /// - Precondition: as many elements as `shape` has follow `place`.
    package func decode(
        _ bytes: RawSpan, shape: MapShape, into latents: inout MutableSpan<Float>, at place: Int = 0
    ) throws(LatentError) {
        precondition(place >= 0 && place + shape.count <= latents.count, "there is no room for a latent of \(shape)")
        let expected = byteCount(shape)
        guard bytes.byteCount == expected else {
            throw .byteCount(format: self, shape: shape, expected: expected, found: bytes.byteCount)
        }
        switch self {
        case .int8:
            try ChannelRanges(bytes, channels: shape.channels).decode(
                bytes, count: shape.count, into: &latents, at: place)
        case .half: try decodeHalf(bytes, count: shape.count, into: &latents, at: place)
        }
    }
}

/// Why a latent cannot be kept, or its bytes cannot be read.
package enum LatentError: Error, Equatable, Sendable, CustomStringConvertible {
    case byteCount(format: LatentFormat, shape: MapShape, expected: Int, found: Int)
    /// An element, or the range of a channel, is infinite or no number.
    case notFinite

    package var description: String {
        switch self {
        case .byteCount(let format, let shape, let expected, let found):
            "a latent of \(shape) as \(format.rawValue) has \(expected) bytes, found \(found)"
        case .notFinite: "a latent has an element that is infinite or no number"
        }
    }
}

extension Span<Float> {
    /// Whether every element is a number.
    fileprivate var isFinite: Bool {
        var largest: Int32 = 0
        for i in indices { largest = max(largest, Int32(bitPattern: self[unchecked: i].bitPattern) & .max) }
        return Float(bitPattern: UInt32(bitPattern: largest)).isFinite
    }
}
