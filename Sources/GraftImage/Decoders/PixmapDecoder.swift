/// The rows of an image whose pixels are not compressed: `P6` pixmaps and raw RGB.
final class PixmapDecoder: RowDecoder {
    let header: ImageHeader
    /// Big-endian samples, `[height, width, 3]`; at least as many bytes as that takes.
    private let samples: UnsafeBufferPointer<UInt8>
    private let bytesPerSample: Int
    /// The byte for each sample value where samples are not already such bytes.
    private var scale: [UInt8] = []
    /// A row of such bytes.
    private var scaled: [UInt8] = []
    private var nextY = 0

    /// Raw pixels.
    ///
    /// - Parameter bytes: must outlive the decoder.
    init(rgb24 bytes: UnsafeBufferPointer<UInt8>, width: Int, height: Int, limits: ImageLimits) throws(ImageError) {
        guard width >= 1, height >= 1 else {
            throw .corrupt(format: .rgb24(width: width, height: height), detail: "no pixels")
        }
        try limits.check(width: width, height: height)
        let (expected, overflow) = (width * height).multipliedReportingOverflow(by: 3)
        if overflow || expected != bytes.count { throw .wrongLength(expected: expected, found: bytes.count) }
        header = ImageHeader(width: width, height: height)
        samples = bytes
        bytesPerSample = 1
    }

    /// A pixmap as `man 5 ppm` has it: `P6`, width, height and the value of white (1...65535) between white space and
    /// comments, one white space, then the samples: one byte each, or two, upper first, if white is above 255. Bytes
    /// after the first image are left alone, for the format allows more images there.
    ///
    /// - Parameter bytes: must outlive the decoder.
    init(ppm bytes: UnsafeBufferPointer<UInt8>, limits: ImageLimits) throws(ImageError) {
        var reader = PixmapHeaderReader()
        let width = try reader.number(named: "width", in: bytes.span)
        let height = try reader.number(named: "height", in: bytes.span)
        let white = try reader.number(named: "maximal value", in: bytes.span)
        let start = try reader.endOfHeader(in: bytes.span)
        guard width >= 1, height >= 1 else { throw .corrupt(format: .ppm, detail: "no pixels: \(width) x \(height)") }
        guard (1...65535).contains(white) else { throw .corrupt(format: .ppm, detail: "maximal value \(white)") }
        try limits.check(width: width, height: height)
        bytesPerSample = white > 255 ? 2 : 1
        let (byteCount, overflow) = (width * height).multipliedReportingOverflow(by: 3 * bytesPerSample)
        if overflow || bytes.count - start < byteCount { throw .truncated(format: .ppm, byteCount: bytes.count) }
        header = ImageHeader(width: width, height: height)
        samples = UnsafeBufferPointer(rebasing: bytes[start..<start + byteCount])
        if white != 255 {
            // Halves go to the even byte, as in Pillow; samples above white, which the format forbids, are white.
            scale = (0..<(white > 255 ? 65536 : 256)).map { sample in
                UInt8(min(255, (Double(sample) / Double(white) * 255).rounded(.toNearestOrEven)))
            }
        }
    }

    func start(leastSide: Int?) -> (width: Int, height: Int) { (header.width, header.height) }

    func nextRow(columns: Range<Int>, _ take: (UnsafeBufferPointer<UInt8>) -> Void) {
        let first = (nextY * header.width + columns.lowerBound) * 3
        let wanted = first..<first + columns.count * 3
        nextY += 1
        if scale.isEmpty {
            take(samples.extracting(wanted))
        } else {
            scaled.removeAll(keepingCapacity: true)
            if bytesPerSample == 1 {
                for i in wanted { scaled.append(scale[Int(samples[i])]) }
            } else {
                for i in wanted { scaled.append(scale[Int(samples[i * 2]) << 8 | Int(samples[i * 2 + 1])]) }
            }
            scaled.withUnsafeBufferPointer(take)
        }
    }

    func passRow() { nextY += 1 }

    func finish() {}
}

/// Reads the numbers at the start of a pixmap.
private struct PixmapHeaderReader {
    private var position = 2  // after `P6`

    /// The next decimal number, at most nine digits.
    mutating func number(named name: String, in bytes: Span<UInt8>) throws(ImageError) -> Int {
        let start = position
        skipBlanks(in: bytes)
        if position == start { throw .corrupt(format: .ppm, detail: "no white space before the \(name)") }
        var value = 0
        let firstDigit = position
        while position < bytes.count, case let digit = bytes[position] &- 0x30, digit <= 9 {
            value = value * 10 + Int(digit)
            position += 1
            if position - firstDigit > 9 {
                throw .corrupt(format: .ppm, detail: "the \(name) has more than nine digits")
            }
        }
        if position == bytes.count { throw .truncated(format: .ppm, byteCount: bytes.count) }
        if position == firstDigit { throw .corrupt(format: .ppm, detail: "the \(name) is not a number") }
        return value
    }

    /// Where the samples begin: after the one white space that ends the header.
    func endOfHeader(in bytes: Span<UInt8>) throws(ImageError) -> Int {
        guard isBlank(bytes[position]) else { throw .corrupt(format: .ppm, detail: "no white space after the header") }
        return position + 1
    }

    private mutating func skipBlanks(in bytes: Span<UInt8>) {
        while position < bytes.count {
            if bytes[position] == 0x23 {  // a comment, to the end of its line
                while position < bytes.count, bytes[position] != 0x0a, bytes[position] != 0x0d { position += 1 }
            } else if isBlank(bytes[position]) {
                position += 1
            } else {
                return
            }
        }
    }

    private func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }
}
