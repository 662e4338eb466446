import Foundation

/// 64 bytes that tell about how alike features are: the signs of 512 of their projections on pseudo-random directions.
///
/// Of the bits of two sketches, the expected fraction that differ is the angle between the features over π (Charikar 2002).
/// The projections are rows of a Hadamard matrix after signs were changed at random, which takes D + 512 · 9 additions; all
/// are of integers, so that the same features give the same bits everywhere.
package struct FeatureSketch: Sendable, Equatable {
    package static let byteCount = 64
    /// Eight words of 64 signs.
    let words: SIMD8<UInt64>

    init(words: SIMD8<UInt64>) { self.words = words }

    package init(_ features: RootFeatures) {
        let width = max(512, Self.powerOfTwo(atLeast: features.values.count))
        // Only 512 rows are wanted, evenly spread: they do not tell apart neighbours that share a place, so these are added first.
        let shared = width / 512
        var values = [Int64](repeating: 0, count: 512)
        for (i, value) in features.values.enumerated() {
            values[i / shared] += Self.mixed(UInt64(i)) & 1 == 0 ? Int64(value) : -Int64(value)
        }
        Self.transform(&values)
        var words = SIMD8<UInt64>.zero
        for bit in 0..<512 where values[bit] > 0 { words[bit / 64] |= 1 << UInt64(bit % 64) }
        self.words = words
    }

    /// What ``bytes`` gave; nil for another number of bytes.
    package init?(bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        var words = SIMD8<UInt64>.zero
        for (i, byte) in bytes.enumerated() { words[i / 8] |= UInt64(byte) << UInt64(i % 8 * 8) }
        self.words = words
    }

    package var bytes: [UInt8] {
        (0..<Self.byteCount).map { UInt8(truncatingIfNeeded: words[$0 / 8] >> UInt64($0 % 8 * 8)) }
    }

    /// How many of the 512 bits differ.
    package func distance(to other: FeatureSketch) -> Int {
        let differing = words ^ other.words
        return (0..<8).reduce(0) { $0 + differing[$1].nonzeroBitCount }
    }

    /// The cosine of the angle between features whose sketches differ in so many bits, as expected.
    static func cosine(atDistance distance: Int) -> Float { cos(Float(distance) / Float(8 * byteCount) * .pi) }

    private static func powerOfTwo(atLeast count: Int) -> Int {
        count <= 1 ? 1 : 1 << (Int.bitWidth - (count - 1).leadingZeroBitCount)
    }

    /// The finaliser of SplitMix64.
    private static func mixed(_ number: UInt64) -> UInt64 {
        var z = (number &+ 1) &* 0x9e37_79b9_7f4a_7c15
        z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
        return z ^ z >> 31
    }

    /// The Walsh–Hadamard transform, in place.
    private static func transform(_ values: inout [Int64]) {
        var values = values.mutableSpan
        var half = 1
        while half < values.count {
            for block in stride(from: 0, to: values.count, by: 2 * half) {
                for i in block..<block + half {
                    let (a, b) = (values[i], values[i + half])
                    values[i] = a + b
                    values[i + half] = a - b
                }
            }
            half *= 2
        }
    }
}
