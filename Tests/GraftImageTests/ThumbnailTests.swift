import TestSupport
import Testing

import GraftImage

@Suite struct ThumbnailTests {
    private func thumbnail(of image: Image, side: Int) throws -> Image {
        try Image.thumbnail(
            of: image.pixels.span, declared: .rgb24(width: image.width, height: image.height), side: side)
    }

    @Test func itIsTheSquareInTheMiddleAtItsSide() throws {
        let image = pattern(width: 90, height: 60)
        let small = try thumbnail(of: image, side: 30)
        // Half the size: every second pair of columns of the middle 60 of 90.
        let whole = image.resized(width: 45, height: 30, by: .bicubic)
        var expected: [UInt8] = []
        for y in 0..<30 { expected += whole.pixels[(y * 45 + 7) * 3..<(y * 45 + 37) * 3] }
        #expect(small.width == 30 && small.height == 30)
        #expect(small.pixels == expected)
    }

    @Test func nothingIsEverMadeLarger() throws {
        let small = try thumbnail(of: pattern(width: 20, height: 12), side: 320)
        #expect(small.width == 12 && small.height == 12)
        let dot = try thumbnail(of: pattern(width: 1, height: 500), side: 320)
        #expect(dot.width == 1 && dot.height == 1)
    }

    /// Sides of one block and of blocks that end outside the image.
    @Test(arguments: [1, 8, 33, 320])
    func aJPEGOfItDecodesToNearlyTheSamePixels(side: Int) throws {
        // Smooth colours, as libjpeg's loss is in what changes from pixel to pixel.
        var image = Image(width: side, height: side)
        for y in 0..<side {
            for x in 0..<side {
                let first = (y * side + x) * 3
                image.pixels[first] = UInt8(255 * x / side)
                image.pixels[first + 1] = UInt8(255 * y / side)
                image.pixels[first + 2] = UInt8(255 * (side - x) / side)
            }
        }
        let bytes = image.jpeg(quality: 95)
        let decoded = try Image.decode(bytes.span, declared: .jpeg)
        #expect(decoded.width == side && decoded.height == side)
        // Quality 95 quantises the lowest frequencies in steps of 2 to 3 of 255, and colours are rounded twice.
        #expect(largestDifference(decoded.pixels, image.pixels) <= 6)
    }

    @Test func aDamagedImageHasNone() {
        let bytes: [UInt8] = [0xFF, 0xD8, 0xFF, 0xE0]
        #expect(throws: ImageError.self) { try Image.thumbnail(of: bytes.span, declared: nil, side: 320) }
    }
}
