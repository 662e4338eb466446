import Foundation
import GraftClient

/// Pictures drawn here, so that tests have as many as they want: each kind has its own shapes and colours.
enum TestImages {
    static let kinds = ["rings", "stripes", "checks", "blobs", "ramps"]
    static let side = 96

    /// A PPM of kind `kind`; another `seed` gives another picture of it.
    static func ppm(kind: String, seed: UInt64) -> Data {
        var generator = SplitMix64(state: seed &* 0x9E37_79B9_7F4A_7C15 &+ UInt64(kinds.firstIndex(of: kind)!))
        let centre = (x: generator.unit() * 96, y: generator.unit() * 96)
        let period = 5 + generator.unit() * 12
        let colour = (0..<3).map { _ in 60 + generator.unit() * 195 }
        let blobs = (0..<6).map { _ in (generator.unit() * 96, generator.unit() * 96, 4 + generator.unit() * 12) }
        var data = Data("P6\n\(side) \(side)\n255\n".utf8)
        for y in 0..<side {
            for x in 0..<side {
                let (fx, fy) = (Double(x), Double(y))
                let level: Double =
                    switch kind {
                    case "rings": 0.5 + 0.5 * sin(2 * .pi * hypot(fx - centre.x, fy - centre.y) / period)
                    case "stripes": 0.5 + 0.5 * sin(2 * .pi * (fx + fy * 0.5) / period)
                    case "checks": (Int(fx / period) + Int(fy / period)).isMultiple(of: 2) ? 1 : 0
                    case "blobs": blobs.contains { hypot(fx - $0.0, fy - $0.1) < $0.2 } ? 1 : 0
                    default: (fx * centre.x + fy * centre.y) / (96 * 192)
                    }
                data += colour.map { UInt8(min(255, max(0, $0 * level + generator.unit() * 12))) }
            }
        }
        return data
    }
}

/// Steele, Lea and Flood's generator: the same numbers everywhere from the same seed.
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// Uniform in `0..<1`.
    mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }
}
