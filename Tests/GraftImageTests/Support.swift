import Foundation
import TestSupport
import Testing

import GraftImage

/// What the maker script of Tests/Fixtures/images recorded, mostly from Pillow 13.
struct Recorded: Sendable {
    struct Decoded: Decodable, Sendable, CustomTestStringConvertible {
        var file: String
        var width: Int
        var height: Int
        var rgb: Data
        var testDescription: String { file }
    }
    struct Crop: Decodable, Sendable, CustomTestStringConvertible {
        var file: String
        var resizeShorterSide: Int
        var cropSide: Int
        var rgb: Data
        var testDescription: String { file }
    }
    struct Resize: Decodable, Sendable, CustomTestStringConvertible {
        var width: Int
        var height: Int
        var newWidth: Int
        var newHeight: Int
        var interpolation: Interpolation
        var rgb: Data
        var testDescription: String { "\(width)x\(height) to \(newWidth)x\(newHeight), \(interpolation)" }
    }
    struct Hash: Decodable, Sendable, CustomTestStringConvertible {
        var width: Int
        var height: Int
        var fnv1a: String
        var testDescription: String { "\(width)x\(height)" }
    }
    struct Tables: Decodable, Sendable {
        var crops: [Crop]
        var resizes: [Resize]
        var hashes: [Hash]
    }

    static let decoded: [Decoded] = read("images/decoded.json")
    static let tables: Tables = read("images/resized.json")

    private static func read<Value: Decodable>(_ path: String) -> Value {
        do {
            return try JSONDecoder().decode(Value.self, from: Data(try Fixture.bytes(path)))
        } catch {
            fatalError("\(path): \(error); make it with the script beside it")
        }
    }
}

/// A picture with edges, ramps and noise, as the maker script draws it.
func pattern(width: Int, height: Int) -> Image {
    var image = Image(width: width, height: height)
    for y in 0..<height {
        for x in 0..<width {
            for c in 0..<3 {
                let value =
                    switch (x / 5 + y / 7) % 3 {
                    case 0: (x * (c + 1) + y * 2) % 256
                    case 1: (x * x * 7 + y * y * 13 + x * y * 3 + c * 85) % 256
                    default: 255 * ((x / 5) % 2)
                    }
                image.pixels[(y * width + x) * 3 + c] = UInt8(value)
            }
        }
    }
    return image
}

/// The hash FNV-1a of 64 bits, as 16 hexadecimal digits.
func fnv1a(_ bytes: [UInt8]) -> String {
    let value = bytes.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
}

/// The largest difference of two images of one size.
func largestDifference(_ a: [UInt8], _ b: [UInt8]) -> Int {
    precondition(a.count == b.count)
    return zip(a, b).map { abs(Int($0) - Int($1)) }.max() ?? 0
}

/// Random numbers that are the same in every run (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}

extension Preprocessing {
    /// Of EfficientNet-Lite0 unless said otherwise.
    static func sample(
        resizeShorterSide: Int = 256, cropSide: Int = 224, interpolation: Interpolation = .bicubic,
        channelOrder: ChannelOrder = .rgb, mean: [Float] = [0.498, 0.498, 0.498],
        standardDeviation: [Float] = [0.502, 0.502, 0.502]
    ) -> Preprocessing {
        Preprocessing(
            resizeShorterSide: resizeShorterSide, cropSide: cropSide, interpolation: interpolation,
            channelOrder: channelOrder, mean: mean, standardDeviation: standardDeviation)
    }
}

/// `ImageFormat.sniff`, for expectations, which cannot hold a span.
func sniffedFormat(_ bytes: [UInt8]) -> ImageFormat? { ImageFormat.sniff(bytes.span) }

/// Why the bytes do not decode; nil if they do.
func decodingError(
    of bytes: [UInt8], declared: ImageFormat? = nil, limits: ImageLimits = ImageLimits()
) -> ImageError? {
    do {
        _ = try Image.decode(bytes.span, declared: declared, limits: limits)
        return nil
    } catch {
        return error
    }
}
