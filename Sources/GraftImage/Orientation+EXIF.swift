extension Orientation {
    /// The orientation that the first EXIF segment of a JPEG file asks for; `up` where there is none or it cannot be
    /// read, for a damaged note about a picture is no damage to the picture.
    ///
    /// Segments: ITU-T T.81 B.1.1; the tag: CIPA DC-008 (EXIF 2.32) 4.6.2 and 4.6.4.
    init(jpeg bytes: Span<UInt8>) {
        self = Self.exifSegment(of: bytes).flatMap { Self.orientation(inTIFF: bytes.extracting($0)) } ?? .up
    }

    /// Where the TIFF structure of the first APP1 segment `Exif\0\0` lies.
    private static func exifSegment(of bytes: Span<UInt8>) -> Range<Int>? {
        var position = 2  // after the start-of-image marker
        while position + 4 <= bytes.count, bytes[position] == 0xff {
            let marker = bytes[position + 1]
            if marker == 0xff {
                position += 1  // fill byte
                continue
            }
            if marker == 0xda || marker == 0xd9 { return nil }  // a scan begins, or the image ends
            let end = position + 2 + Int(bytes[position + 2]) << 8 + Int(bytes[position + 3])
            guard end >= position + 4, end <= bytes.count else { return nil }
            let content = bytes.extracting(position + 4..<end)
            if marker == 0xe1, content.count >= 6, (0..<6).allSatisfy({ content[$0] == exifSignature[$0] }) {
                return position + 10..<end
            }
            position = end
        }
        return nil
    }

    /// `Exif\0\0`.
    private static let exifSignature: [UInt8] = [0x45, 0x78, 0x69, 0x66, 0, 0]

    /// Tag 0x0112 of the first directory, a 16-bit number (or 32-bit, as some write it).
    private static func orientation(inTIFF bytes: Span<UInt8>) -> Orientation? {
        guard bytes.count >= 8 else { return nil }
        let littleEndian = bytes[0] == 0x49 && bytes[1] == 0x49  // "II", else "MM"
        guard littleEndian || bytes[0] == 0x4d && bytes[1] == 0x4d else { return nil }
        func number(at offset: Int, bytes byteCount: Int) -> Int? {
            guard offset >= 0, offset + byteCount <= bytes.count else { return nil }
            return (0..<byteCount).reduce(0) { value, i in
                value << 8 | Int(bytes[offset + (littleEndian ? byteCount - 1 - i : i)])
            }
        }
        guard number(at: 2, bytes: 2) == 42, let directory = number(at: 4, bytes: 4),
            let entryCount = number(at: directory, bytes: 2)
        else { return nil }
        for entry in 0..<entryCount {
            let offset = directory + 2 + entry * 12
            guard let tag = number(at: offset, bytes: 2) else { return nil }
            guard tag == 0x0112 else { continue }
            let isLong = number(at: offset + 2, bytes: 2) == 4
            return number(at: offset + 8, bytes: isLong ? 4 : 2).flatMap(Orientation.init(rawValue:))
        }
        return nil
    }
}
