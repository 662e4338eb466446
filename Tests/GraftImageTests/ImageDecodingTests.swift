import TestSupport
import Testing

import GraftImage

@Suite struct ImageDecodingTests {
    /// PNG and PPM are exact by their specifications. JPEG leaves the last bit of the inverse transform to the decoder;
    /// those of libjpeg-turbo agree, others may be off by one before the colour conversion, which can make two of it.
    @Test(arguments: Recorded.decoded)
    func decodesToTheRecordedPixels(expected: Recorded.Decoded) throws {
        let bytes = try Fixture.bytes("images/\(expected.file)")
        let image = try Image.decode(bytes.span, declared: nil)
        #expect(image.width == expected.width && image.height == expected.height)
        try #require(image.pixels.count == expected.rgb.count)
        let tolerance = expected.file.hasSuffix(".jpg") ? 2 : 0
        #expect(largestDifference(image.pixels, [UInt8](expected.rgb)) <= tolerance)
    }

    @Test func rawPixelsAreTakenAsTheyAre() throws {
        let image = pattern(width: 5, height: 3)
        let decoded = try Image.decode(image.pixels.span, declared: .rgb24(width: 5, height: 3))
        #expect(decoded == image)
    }

    @Test func skipsTextThatWouldFillTheMemory() throws {
        let bytes = try Fixture.bytes("images/text-bomb.png")
        let image = try Image.decode(bytes.span, declared: .png)
        #expect(image == pattern(width: 13, height: 9))
    }

    @Test(.enabled(if: OpenClipart.isInstalled, "needs Debian's package openclipart-png"))
    func everyDrawingOfOpenClipartDecodesOrIsTooLarge() throws {
        let paths = OpenClipart.sample(every: 100)
        #expect(paths.count > 50)
        for path in paths {
            let bytes = try OpenClipart.bytes(path)
            do {
                let image = try centerCrop(bytes.span, declared: .png, using: .sample())
                #expect(image.pixels.count == 224 * 224 * 3)
            } catch ImageError.tooManyPixels(let width, let height, _) {
                #expect(width * height > 50_000_000, "\(path)")
            }
        }
    }

    @Test(.enabled(if: OpenClipart.isInstalled, "needs Debian's package openclipart-png"))
    func theLargestDrawingOfOpenClipartIsRefusedByItsHeader() throws {
        let bytes = try OpenClipart.bytes("signs_and_symbols/stop_sign_miguel_s_nchez_.png")
        #expect(decodingError(of: bytes) == .tooManyPixels(width: 20990, height: 29700, limit: 50_000_000))
    }
}
