/// What an image may cost, checked against its header before anything is decoded.
package struct ImageLimits: Sendable {
    /// Most pixels, width times height.
    package var pixels: Int = 50_000_000
    /// Most pixels along one side. A decoder holds a few rows at a time, so this bounds them too.
    package var side: Int = 1_000_000

    package init(pixels: Int = 50_000_000, side: Int = 1_000_000) {
        precondition(pixels >= 1 && side >= 1)
        self.pixels = pixels
        self.side = side
    }

    /// Most bytes held where a format forces the whole image into memory: four channels of 16-bit coefficients per
    /// pixel in a JPEG of several scans (an interlaced PNG needs half of that).
    var decoderBytes: Int {
        let (bytes, overflow) = pixels.multipliedReportingOverflow(by: 8)
        return overflow ? .max : bytes
    }

    /// Throws where an image of `width` by `height` pixels, both at least 1, is too large.
    func check(width: Int, height: Int) throws(ImageError) {
        let (count, overflow) = width.multipliedReportingOverflow(by: height)
        if overflow || count > pixels { throw .tooManyPixels(width: width, height: height, limit: pixels) }
        if max(width, height) > side { throw .sideTooLong(width: width, height: height, limit: side) }
    }
}
