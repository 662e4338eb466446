import GraftTensor

/// The range of each channel of one latent, which 255 steps divide: element = lowest + byte × step.
///
/// A range rather than a scale alone, because what leaves a rectifier has no negative half to spend bytes on; there, and
/// wherever 0 is an end of the range, 0 stays exactly 0. As bytes: every lowest element, every step, in 32-bit floats,
/// little-endian, then a byte for each element, `[H, W, C]`.
struct ChannelRanges {
    /// `[C]`
    private let lowest: [Float]
    /// `[C]`
    private let steps: [Float]

    private static let stepCount: Float = 255

    /// What the ranges take.
    static func byteCount(channels: Int) -> Int { 2 * channels * MemoryLayout<Float>.stride }

    /// Those of `latent` `[H, W, C]`.
    init(_ latent: Span<Float>, channels: Int, kernels: VectorKernels) throws(LatentError) {
        guard let (lowest, highest) = kernels.ranges(of: latent, channels: channels) else { throw .notFinite }
        steps = zip(highest, lowest).map { highest, lowest in
            let range = highest - lowest
            // A step that is no normal number could not be divided by; the range is nothing then.
            return range > Self.stepCount * .leastNormalMagnitude ? range / Self.stepCount : 0
        }
        self.lowest = lowest
        guard steps.allSatisfy(\.isFinite) else { throw .notFinite }
    }

    /// Those at the beginning of `bytes`.
    init(_ bytes: RawSpan, channels: Int) throws(LatentError) {
        func floats(from first: Int) -> [Float] {
            (0..<channels).map { c in
                Float(
                    bitPattern: UInt32(
                        littleEndian: bytes.unsafeLoadUnaligned(
                            fromByteOffset: (first + c) * MemoryLayout<Float>.stride, as: UInt32.self)))
            }
        }
        (lowest, steps) = (floats(from: 0), floats(from: channels))
        guard lowest.allSatisfy(\.isFinite), steps.allSatisfy({ $0.isFinite && $0 >= 0 }) else { throw .notFinite }
    }

    func encode(_ latent: Span<Float>, kernels: VectorKernels) -> [UInt8] {
        let base = Self.byteCount(channels: steps.count)
        var bytes = [UInt8](repeating: 0, count: base + latent.count)
        bytes.withUnsafeMutableBytes { bytes in
            for (place, float) in (lowest + steps).enumerated() {
                bytes.storeBytes(
                    of: float.bitPattern.littleEndian, toByteOffset: place * MemoryLayout<Float>.stride, as: UInt32.self
                )
            }
        }
        kernels.divide(
            latent, lowest: lowest, perHalfStep: steps.map { $0 == 0 ? 0 : 2 * (1 / $0) }, into: &bytes, at: base)
        return bytes
    }

    /// Writes `count` elements from the bytes after the ranges to `latents`, from `place` on.
    func decode(_ bytes: RawSpan, count: Int, into latents: inout MutableSpan<Float>, at place: Int) {
        let (channels, base) = (steps.count, Self.byteCount(channels: steps.count))
        let (low, step) = (lowest.span, steps.span)
        for first in stride(from: 0, to: count, by: channels) {
            for c in 0..<channels {
                let byte = bytes.unsafeLoad(fromByteOffset: base &+ first &+ c, as: UInt8.self)
                latents[unchecked: place &+ first &+ c] = low[unchecked: c] + Float(byte) * step[unchecked: c]
            }
        }
    }
}
