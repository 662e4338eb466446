import TestSupport
import Testing

import GraftImage

@Suite struct DamagedImageTests {
    @Test func emptyBytesAreEmpty() {
        #expect(decodingError(of: []) == .empty)
        #expect(decodingError(of: [], declared: .png) == .empty)
        #expect(decodingError(of: [], declared: .rgb24(width: 1, height: 1)) == .empty)
    }

    @Test func unknownBytesAreShown() {
        #expect(
            decodingError(of: [0x47, 0x49, 0x46, 0x38])
                == .unsupportedFormat(found: "4 bytes that begin with 47 49 46 38"))
    }

    @Test func mislabelledBytesAreNotDecoded() throws {
        let jpeg = try Fixture.bytes("images/gray.jpg")
        #expect(decodingError(of: jpeg, declared: .png) == .formatMismatch(declared: .png, found: .jpeg))
        #expect(decodingError(of: [1, 2, 3], declared: .ppm) == .formatMismatch(declared: .ppm, found: nil))
    }

    @Test(arguments: [0, 1, 44, 46])
    func rawPixelsOfAnotherLengthAreRefused(count: Int) {
        let bytes = [UInt8](repeating: 0, count: count)
        let expected: ImageError = count == 0 ? .empty : .wrongLength(expected: 45, found: count)
        #expect(decodingError(of: bytes, declared: .rgb24(width: 5, height: 3)) == expected)
    }

    @Test func sidesAreCheckedBeforeAnythingIsDecoded() throws {
        let limit = 50_000_000
        #expect(
            decodingError(of: try Fixture.bytes("images/header-623-megapixels.png"))
                == .tooManyPixels(width: 20990, height: 29700, limit: limit))
        #expect(
            decodingError(of: try Fixture.bytes("images/header-long-side.png"))
                == .sideTooLong(width: 2_000_000, height: 20, limit: 1_000_000))
        #expect(
            decodingError(of: [UInt8]("P6 30000 20000 255\n".utf8))
                == .tooManyPixels(width: 30000, height: 20000, limit: limit))
        #expect(
            decodingError(of: [0], declared: .rgb24(width: .max, height: .max))
                == .tooManyPixels(width: .max, height: .max, limit: limit))
        var jpeg = try Fixture.bytes("images/ycbcr-420.jpg")
        let frame = try #require((0..<jpeg.count).first { jpeg[$0] == 0xff && jpeg[$0 + 1] == 0xc0 })
        jpeg.replaceSubrange(frame + 5..<frame + 9, with: [0xff, 0xdc, 0xff, 0xdc])
        #expect(decodingError(of: jpeg) == .tooManyPixels(width: 65500, height: 65500, limit: limit))
    }

    @Test func theLimitIsInclusive() {
        let pixels = [UInt8](repeating: 0, count: 60)
        let format = ImageFormat.rgb24(width: 5, height: 4)
        #expect(decodingError(of: pixels, declared: format, limits: ImageLimits(pixels: 20)) == nil)
        #expect(
            decodingError(of: pixels, declared: format, limits: ImageLimits(pixels: 19))
                == .tooManyPixels(width: 5, height: 4, limit: 19))
    }

    @Test func aWrongChecksumIsCorrupt() throws {
        var png = try Fixture.bytes("images/rgb-8.png")
        png[png.count - 13] ^= 1  // the last byte of the checksum of IDAT, before IEND's 12 bytes
        guard case .corrupt(.png, let detail)? = decodingError(of: png) else {
            Issue.record("not refused as corrupt")
            return
        }
        #expect(detail.contains("CRC"))
    }

    @Test(arguments: [
        "P6 0 3 255\n", "P6 3 0 255\n", "P6 3 3 0\n", "P6 3 3 65536\n", "P6 3 3 x\n", "P6 -3 3 255\n", "P63 3 255\n",
        "P6 1234567890 3 255\n",
    ])
    func aPixmapHeaderOutOfRangeIsCorrupt(header: String) {
        guard case .corrupt(.ppm, _)? = decodingError(of: [UInt8](header.utf8) + [UInt8](repeating: 0, count: 27))
        else {
            Issue.record("not refused as corrupt")
            return
        }
    }

    /// Wherever a file is cut, it says so; nothing is made up for the missing part.
    @Test(arguments: Recorded.decoded)
    func aFileCutAnywhereIsRefused(whole: Recorded.Decoded) throws {
        let bytes = try Fixture.bytes("images/\(whole.file)")
        let format = try #require(sniffedFormat(bytes))
        // Every length, or a few hundred of them if there are many.
        for count in Array(stride(from: 0, to: bytes.count, by: max(1, bytes.count / 500))) + [bytes.count - 1] {
            let error = decodingError(of: Array(bytes[..<count]))
            #expect(error != nil, "\(count) of \(bytes.count) bytes")
            if case .truncated(let found, let byteCount)? = error {
                #expect(found == format && byteCount == count)
            }
        }
    }

    /// A hundred damaged copies of each file: an image of the right form, or an error; never a crash.
    @Test(arguments: Recorded.decoded)
    func damageIsAnErrorOrAnImage(whole: Recorded.Decoded) throws {
        let bytes = try Fixture.bytes("images/\(whole.file)")
        var generator = SeededGenerator(state: whole.file.utf8.reduce(0) { $0 &* 31 &+ UInt64($1) })
        for _ in 0..<100 {
            var damaged = bytes
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let position = Int.random(in: 0..<damaged.count, using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: damaged[position] = UInt8.random(in: 0...255, using: &generator)
                case 1: damaged[position] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
                case 2: damaged.insert(UInt8.random(in: 0...255, using: &generator), at: position)
                default: damaged.remove(at: position)
                }
            }
            let limits = ImageLimits(pixels: 100_000)
            do {
                let crop = try centerCrop(
                    damaged.span, declared: nil, using: .sample(resizeShorterSide: 12, cropSide: 8), limits: limits)
                #expect(crop.pixels.count == 8 * 8 * 3)
            } catch {
                #expect(!error.description.isEmpty)
            }
        }
    }

    @Test func everyErrorSaysWhatToDo() {
        let errors: [ImageError] = [
            .empty, .unsupportedFormat(found: "x"), .formatMismatch(declared: .png, found: .jpeg),
            .formatMismatch(declared: .png, found: nil), .tooManyPixels(width: 7, height: 8, limit: 9),
            .sideTooLong(width: 7, height: 8, limit: 9), .tooMuchMemory(format: .jpeg, byteLimit: 9),
            .truncated(format: .png, byteCount: 7), .wrongLength(expected: 7, found: 8),
        ]
        for error in errors { #expect(error.description.contains(";"), "\(error)") }
    }
}
