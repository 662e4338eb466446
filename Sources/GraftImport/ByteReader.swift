import GraftCheckpoint

/// Reads a range of a file front to back; going past its end is an error, not a trap.
struct ByteReader {
    let file: MappedFile
    /// The next byte, counted from the start of the file.
    private(set) var offset: Int
    let end: Int

    /// - Precondition: `range` lies in `file`.
    init(_ file: MappedFile, range: Range<Int>) {
        precondition(range.upperBound <= file.count)
        self.file = file
        offset = range.lowerBound
        end = range.upperBound
    }

    /// The range of the next `count` bytes, which are skipped.
    mutating func take(_ count: Int) throws(ImportError) -> Range<Int> {
        guard count >= 0, count <= end - offset else { throw .truncated(atByte: end) }
        defer { offset += count }
        return offset..<offset + count
    }

    mutating func byte() throws(ImportError) -> UInt8 { file[try take(1).lowerBound] }

    mutating func integer<Integer: FixedWidthInteger & BitwiseCopyable>(_: Integer.Type) throws(ImportError) -> Integer
    {
        file.integer(at: try take(MemoryLayout<Integer>.size).lowerBound, as: Integer.self)
    }

    mutating func text(byteCount: Int, limit: Int) throws(ImportError) -> String {
        guard byteCount <= limit else { throw .tooLarge(what: "bytes in a string", limit: limit) }
        let start = offset
        guard let text = String(validating: file.bytes(in: try take(byteCount)), as: UTF8.self) else {
            throw .malformed(detail: "the string at byte \(start) is not UTF-8")
        }
        return text
    }

    /// The text before the next newline, which is skipped.
    mutating func line(limit: Int) throws(ImportError) -> String {
        var length = 0
        while true {
            guard offset + length < end else { throw .truncated(atByte: end) }
            if file[offset + length] == UInt8(ascii: "\n") { break }
            length += 1
            guard length <= limit else { throw .tooLarge(what: "bytes in a name", limit: limit) }
        }
        let text = try text(byteCount: length, limit: limit)
        _ = try take(1)
        return text
    }
}
