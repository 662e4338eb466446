import Foundation
import GraftTensor
import TestSupport
import Testing

import GraftImage

@Suite struct PreprocessTests {
    /// Small files are decoded whole and must equal Pillow, but for what a JPEG decoder may differ by. `large.jpg` is
    /// decoded at an eighth of its sides, which moves its smooth colours by at most 2.
    @Test(arguments: Recorded.tables.crops)
    func cropEqualsPillow(expected: Recorded.Crop) throws {
        let preprocessing = Preprocessing.sample(
            resizeShorterSide: expected.resizeShorterSide, cropSide: expected.cropSide)
        let bytes = try Fixture.bytes("images/\(expected.file)")
        let crop = try centerCrop(bytes.span, declared: nil, using: preprocessing)
        #expect(crop.width == expected.cropSide && crop.height == expected.cropSide)
        let tolerance = expected.file.hasSuffix(".jpg") ? 2 : 0
        #expect(largestDifference(crop.pixels, [UInt8](expected.rgb)) <= tolerance)
    }

    @Test(arguments: Recorded.tables.hashes, InstructionSet.available)
    func cropOfRawPixelsHasPillowsHash(expected: Recorded.Hash, instructionSet: InstructionSet) throws {
        let image = pattern(width: expected.width, height: expected.height)
        let crop = try centerCrop(
            image.pixels.span, declared: .rgb24(width: image.width, height: image.height), using: .sample(),
            instructionSet: instructionSet)
        #expect(fnv1a(crop.pixels) == expected.fnv1a)
    }

    /// Plans are kept for the next image of the same size, and go when there are too many.
    @Test func imagesOfManySizesAreSeenAsTheFirstOfTheirSize() throws {
        let preprocessor = Preprocessor(.sample(resizeShorterSide: 10, cropSide: 8))
        for side in Array(8...40) + [8, 40, 8] {
            let image = pattern(width: side + 3, height: side)
            let format = ImageFormat.rgb24(width: image.width, height: image.height)
            #expect(
                try preprocessor.tensor(of: image.pixels.span, declared: format)
                    == preprocess(image.pixels.span, declared: format, using: preprocessor.preprocessing))
        }
    }

    @Test(arguments: [Preprocessing.ChannelOrder.rgb, .bgr])
    func pixelsOfTheRightSizeAreNormalizedBitForBitLikeAnImage(order: Preprocessing.ChannelOrder) throws {
        let image = pattern(width: 8, height: 8)
        let preprocessing = Preprocessing.sample(
            resizeShorterSide: 8, cropSide: 8, channelOrder: order, mean: [0.1, 0.2, 0.3],
            standardDeviation: [0.5, 0.25, 0.3])
        let expected = try preprocess(
            image.pixels.span, declared: .rgb24(width: 8, height: 8), using: preprocessing)
        #expect(normalized(pixels: image.pixels.map(Float.init), using: preprocessing) == expected)
    }

    @Test func tensorHoldsNormalizedColorsInTheOrderAskedFor() throws {
        let pixels: [UInt8] = [10, 20, 30, 10, 20, 30, 10, 20, 30, 10, 20, 30]
        func tensor(_ order: Preprocessing.ChannelOrder) throws -> Tensor {
            try preprocess(
                pixels.span, declared: .rgb24(width: 2, height: 2),
                using: .sample(
                    resizeShorterSide: 4, cropSide: 3, channelOrder: order, mean: [0.1, 0.2, 0.3],
                    standardDeviation: [0.5, 0.25, 2]))
        }
        let mean: [Float] = [0.1, 0.2, 0.3]
        let deviation: [Float] = [0.5, 0.25, 2]
        for (order, values) in [(Preprocessing.ChannelOrder.rgb, [10.0, 20, 30]), (.bgr, [30, 20, 10])] {
            let tensor = try tensor(order)
            #expect(tensor.shape == [1, 3, 3, 3])
            for (i, element) in tensor.elements.enumerated() {
                let start = Double(mean[i % 3]) / Double(deviation[i % 3])
                let exact = values[i % 3] / 255 / Double(deviation[i % 3]) - start
                #expect(abs(Double(element) - exact) <= Self.roundings(start: start, exact: exact))
            }
        }
    }

    /// Every byte, by every instruction set: the constant, a sum near to it and the result are rounded to 32-bit.
    @Test(arguments: InstructionSet.available)
    func everyByteIsNormalizedToWithinThreeRoundings(set: InstructionSet) throws {
        let mean: [Float] = [0.485, 0.456, 0.406]
        let deviation: [Float] = [0.229, 0.224, 0.225]
        let preprocessing = Preprocessing.sample(
            resizeShorterSide: 16, cropSide: 16, mean: mean, standardDeviation: deviation)
        let pixels = (0..<256).flatMap { [UInt8($0), UInt8(255 - $0), UInt8($0 ^ 85)] }
        let tensor = try Preprocessor(preprocessing, instructionSet: set)
            .tensor(of: pixels.span, declared: .rgb24(width: 16, height: 16))
        for (i, (byte, element)) in zip(pixels, tensor.elements).enumerated() {
            let start = Double(mean[i % 3]) / Double(deviation[i % 3])
            let exact = Double(byte) / 255 / Double(deviation[i % 3]) - start
            #expect(abs(Double(element) - exact) <= Self.roundings(start: start, exact: exact))
        }
        #expect(normalized(pixels: pixels.map(Float.init), using: preprocessing) == tensor)
    }

    /// How far an element may be from its exact value: a rounding is off by 2⁻²⁴ of what is rounded at most, and what the
    /// factor has been cut by adds less than a hundredth of one.
    private static func roundings(start: Double, exact: Double) -> Double {
        (2.01 * abs(start) + 1.01 * abs(exact) + 0.01) * 0x1p-24
    }

    /// Resized in proportion, a strip would have 256 million columns.
    @Test(arguments: [(width: 1_000_000, height: 1), (width: 1, height: 1_000_000)])
    func aStripCostsNoMoreThanItsCrop(width: Int, height: Int) throws {
        let pixels = [UInt8](repeating: 77, count: width * height * 3)
        let crop = try centerCrop(pixels.span, declared: .rgb24(width: width, height: height), using: .sample())
        #expect(crop.pixels == [UInt8](repeating: 77, count: 224 * 224 * 3))
    }

    @Test func anotherSideKeepsTheBorderInProportion() {
        let half = Preprocessing.sample().cropping(to: 112)
        #expect(half.cropSide == 112 && half.resizeShorterSide == 128)
        #expect(Preprocessing.sample().cropping(to: 224) == .sample())
    }

    @Test func encodesAndDecodesItself() throws {
        let preprocessing = Preprocessing.sample(interpolation: .bilinear, channelOrder: .bgr)
        let data = try JSONEncoder().encode(preprocessing)
        #expect(try JSONDecoder().decode(Preprocessing.self, from: data) == preprocessing)
    }

    @Test(arguments: [
        #"{"resizeShorterSide":0,"cropSide":1,"mean":[0,0,0],"standardDeviation":[1,1,1]}"#,
        #"{"resizeShorterSide":99999999,"cropSide":1,"mean":[0,0,0],"standardDeviation":[1,1,1]}"#,
        #"{"resizeShorterSide":10,"cropSide":11,"mean":[0,0,0],"standardDeviation":[1,1,1]}"#,
        #"{"resizeShorterSide":10,"cropSide":10,"mean":[0,0],"standardDeviation":[1,1,1]}"#,
        #"{"resizeShorterSide":10,"cropSide":10,"mean":[0,0,0],"standardDeviation":[1,0,1]}"#,
    ])
    func refusesValuesThatCannotBeUsed(json: String) {
        let whole = json.dropLast() + #","interpolation":"bicubic","channelOrder":"rgb"}"#
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode(Preprocessing.self, from: Data(whole.utf8))
        }
    }
}
