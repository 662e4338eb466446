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
        let rgb: [Float] = [(10 / 255 - 0.1) / 0.5, (20 / 255 - 0.2) / 0.25, (30 / 255 - 0.3) / 2]
        #expect(try tensor(.rgb) == Tensor(shape: [1, 3, 3, 3], elements: (0..<9).flatMap { _ in rgb }))
        let bgr: [Float] = [(30 / 255 - 0.1) / 0.5, (20 / 255 - 0.2) / 0.25, (10 / 255 - 0.3) / 2]
        #expect(try tensor(.bgr) == Tensor(shape: [1, 3, 3, 3], elements: (0..<9).flatMap { _ in bgr }))
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
