import ArgumentParser
import GraftImage

/// How the images of a load are encoded.
enum BodyKind: String, CaseIterable, ExpressibleByArgument {
    case raw, jpeg

    /// Pixels.
    static let side = 224

    /// A picture of label number `label`, a gradient under noise, which no other seed gives.
    func body(label: Int, seed: UInt64) -> [UInt8] {
        var state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1
        let side = Self.side
        var image = Image(width: side, height: side)
        for y in 0..<side {
            for x in 0..<side {
                // Marsaglia's xorshift: the noise needs no quality.
                state ^= state << 13
                state ^= state >> 7
                state ^= state << 17
                for channel in 0..<3 {
                    let slope = (label >> channel & 1 == 0 ? x : y) * (label % 5 + 1) % 200
                    image.pixels[(y * side + x) * 3 + channel] = UInt8(slope) + UInt8(state >> (8 * channel) & 31)
                }
            }
        }
        return switch self {
        case .raw: image.pixels
        case .jpeg: image.jpeg(quality: 90)
        }
    }

    var mediaType: String {
        switch self {
        case .raw: "application/x-graftd-rgb24; width=\(Self.side); height=\(Self.side)"
        case .jpeg: "image/jpeg"
        }
    }
}

/// The labels that loads teach.
enum LoadLabel {
    static let count = 8

    static func name(_ number: Int) -> String { "label-\(number % count)" }
}
