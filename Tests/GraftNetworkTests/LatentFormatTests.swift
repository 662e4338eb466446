import GraftNetwork
import GraftTensor
import TestBackbones
import Testing

@Suite struct LatentFormatTests {
    private static let shape = MapShape(height: 3, width: 5, channels: 37)

    /// Channel c spreads over ±2ᶜ⁻²⁰; every third has no negative elements, as after a rectifier, and one is constant.
    private static let latent: [Float] = uniform("latent", count: shape.count).enumerated().map { i, x in
        let channel = i % shape.channels
        if channel == 7 { return 0.3 }
        let element = x * Float(sign: .plus, exponent: channel - 20, significand: 1)
        return channel % 3 == 0 ? max(0, element) : element
    }

    private func decoded(_ bytes: [UInt8], _ format: LatentFormat, shape: MapShape = shape) throws -> [Float] {
        var latent = [Float](repeating: .nan, count: shape.count)
        var span = latent.mutableSpan
        try format.decode(bytes.span.bytes, shape: shape, into: &span)
        return latent
    }

    @Test(arguments: InstructionSet.available)
    func aByteIsOffByHalfAStepOfItsChannelAtMost(_ set: InstructionSet) throws {
        let (shape, latent) = (Self.shape, Self.latent)
        let bytes = try LatentFormat.int8.encode(latent.span, shape: shape, instructionSet: set)
        #expect(try bytes == LatentFormat.int8.encode(latent.span, shape: shape))
        #expect(bytes.count == shape.count + 8 * shape.channels)
        let result = try decoded(bytes, .int8)
        for c in 0..<shape.channels {
            let indices = stride(from: c, to: shape.count, by: shape.channels)
            let elements = indices.map { latent[$0] }
            let (lowest, highest) = (elements.min()!, elements.max()!)
            // Half a step, and the rounding of a few 32-bit operations on numbers up to the largest.
            let bound = (highest - lowest) / 255 / 2 + max(abs(lowest), abs(highest)) * 4 * .ulpOfOne
            for i in indices { #expect(abs(result[i] - latent[i]) <= bound, "channel \(c)") }
        }
    }

    @Test func whatARectifierSetToZeroStaysZero() throws {
        let result = try decoded(LatentFormat.int8.encode(Self.latent.span, shape: Self.shape), .int8)
        let zeros = Self.latent.indices.filter { $0 % Self.shape.channels % 3 == 0 && Self.latent[$0] == 0 }
        #expect(zeros.count > 50)
        #expect(zeros.allSatisfy { result[$0] == 0 })
    }

    /// Swift's own conversion is the reference.
    @Test func halvesAreTheNearestSixteenBitFloats() throws {
        var generator = SplitMix64(state: 5)
        // Every magnitude from nothing to beyond the largest, and the middles between neighbours.
        var elements: [Float] = [
            0, -0, 1, 65_504, 65_519, -65_520, 1e9, 0x1p-24, 0x1p-25, 0x1.8p-25, 0x1p-149, 2049, 2051,
        ]
        while elements.count < 3 * 5 * 400 {
            elements.append(
                Float(
                    sign: Bool.random(using: &generator) ? .minus : .plus,
                    exponent: Int.random(in: -30...17, using: &generator),
                    significand: 1 + Float(Int.random(in: 0..<1 << 12, using: &generator)) / 4096))
        }
        let shape = MapShape(height: 3, width: 5, channels: 400)
        let bytes = try LatentFormat.half.encode(elements.span, shape: shape)
        #expect(bytes.count == 2 * shape.count)
        let result = try decoded(bytes, .half, shape: shape)
        let expected = elements.map { Float(Float16(min(max($0, -65_504), 65_504))) }
        #expect(zip(result, expected).allSatisfy { $0.bitPattern == $1.bitPattern })
    }

    @Test(arguments: LatentFormat.allCases)
    func bytesOfAnotherLengthAreRefused(_ format: LatentFormat) throws {
        let bytes = try format.encode(Self.latent.span, shape: Self.shape)
        for damaged in [Array(bytes.dropLast()), bytes + [0], []] {
            #expect(
                throws: LatentError.byteCount(
                    format: format, shape: Self.shape, expected: bytes.count, found: damaged.count)
            ) {
                try decoded(damaged, format)
            }
        }
    }

    @Test(arguments: LatentFormat.allCases)
    func whatIsNoNumberIsRefusedBothWays(_ format: LatentFormat) throws {
        for element in [Float.nan, .infinity, -.infinity] {
            var latent = Self.latent
            latent[100] = element
            #expect(throws: LatentError.notFinite) { try format.encode(latent.span, shape: Self.shape) }
        }
        var bytes = try format.encode(Self.latent.span, shape: Self.shape)
        // The upper half of the first range's end, or of the first two elements.
        bytes.replaceSubrange(0..<4, with: [0, 0x7C, 0x80, 0x7F])
        #expect(throws: LatentError.notFinite) { try decoded(bytes, format) }
    }

    @Test func aRangeThatIsNoNumberIsRefused() {
        let elements: [Float] = [-3e38, 3e38]
        #expect(throws: LatentError.notFinite) {
            try LatentFormat.int8.encode(elements.span, shape: MapShape(height: 2, width: 1, channels: 1))
        }
    }
}
