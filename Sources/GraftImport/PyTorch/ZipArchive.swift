import GraftCheckpoint

/// The directory of a zip file (PKWARE's APPNOTE, section 4.3); entries that are compressed are named, never unpacked.
///
/// Checksums are not compared: torch can be told to leave them out, and then writes wrong ones.
struct ZipArchive {
    /// Where the bytes of each entry are, and whether they are compressed.
    private var entries: [String: (place: Range<Int>, isCompressed: Bool)] = [:]

    /// What every archive with an entry begins with.
    static let signature: [UInt8] = [0x50, 0x4B, 0x03, 0x04]

    private static let entryLimit = 1 << 18
    private static let nameLimit = 1 << 12

    var names: [String] { entries.keys.sorted() }

    /// Where the bytes of an entry are, unless they are compressed.
    subscript(name: String) -> Range<Int>? {
        guard let entry = entries[name], !entry.isCompressed else { return nil }
        return entry.place
    }

    func isCompressed(_ name: String) -> Bool { entries[name]?.isCompressed ?? false }

    /// - Throws: `malformed`, `truncated`, `tooLarge`, or `unsupportedFormat` for what is encrypted.
    init(_ file: MappedFile) throws(ImportError) {
        let directory = try Self.directory(of: file)
        guard directory.count <= Self.entryLimit else {
            throw .tooLarge(what: "entries in the archive", limit: Self.entryLimit)
        }
        var reader = ByteReader(file, range: directory.range)
        var extents: [(range: Range<Int>, name: String)] = []
        for _ in 0..<directory.count {
            let entry = try Self.entry(&reader)
            guard entries.updateValue((entry.place, entry.isCompressed), forKey: entry.name) == nil else {
                throw .malformed(detail: "the archive names '\(entry.name)' twice")
            }
            extents.append((entry.header..<entry.place.upperBound, entry.name))
        }
        // Entries that share bytes are how a small archive pretends to be a large one.
        extents.sort { $0.range.lowerBound < $1.range.lowerBound }
        for (before, after) in zip(extents, extents.dropFirst())
        where after.range.lowerBound < before.range.upperBound {
            throw .malformed(detail: "the archive's entries '\(before.name)' and '\(after.name)' overlap")
        }
    }

    // MARK: - End of the archive

    /// The place of the central directory, from the record at the archive's end, which only a comment may follow.
    private static func directory(of file: MappedFile) throws(ImportError) -> (range: Range<Int>, count: Int) {
        let recordLength = 22
        let earliest = max(0, file.count - recordLength - Int(UInt16.max))
        var end = file.count - recordLength
        while end >= earliest, file.integer(at: end, as: UInt32.self) != 0x0605_4B50 { end -= 1 }
        guard end >= earliest else {
            throw .malformed(detail: "the archive has no directory; copy or download the file again")
        }
        var count = Int(file.integer(at: end + 10, as: UInt16.self))
        var length = UInt64(file.integer(at: end + 12, as: UInt32.self))
        var start = UInt64(file.integer(at: end + 16, as: UInt32.self))
        if let wide = try wideRecord(of: file, before: end) {
            guard wide.count <= UInt64(entryLimit) else {
                throw .tooLarge(what: "entries in the archive", limit: entryLimit)
            }
            (count, length, start) = (Int(wide.count), wide.length, wide.start)
        }
        guard start <= UInt64(end), length <= UInt64(end) - start else {
            throw .malformed(detail: "the archive's directory does not lie in the file")
        }
        return (Int(start)..<Int(start + length), count)
    }

    /// The record with 64-bit sizes, if the archive has one: torch always writes it.
    private static func wideRecord(
        of file: MappedFile, before end: Int
    ) throws(ImportError) -> (count: UInt64, length: UInt64, start: UInt64)? {
        let locatorLength = 20
        let recordLength = 56
        guard end >= locatorLength, file.integer(at: end - locatorLength, as: UInt32.self) == 0x0706_4B50 else {
            return nil
        }
        let offset = file.integer(at: end - locatorLength + 8, as: UInt64.self)
        guard end >= locatorLength + recordLength, offset <= UInt64(end - locatorLength - recordLength),
            file.integer(at: Int(offset), as: UInt32.self) == 0x0606_4B50
        else { throw .malformed(detail: "the archive's 64-bit directory does not lie in the file") }
        let record = Int(offset)
        return (
            file.integer(at: record + 32, as: UInt64.self), file.integer(at: record + 40, as: UInt64.self),
            file.integer(at: record + 48, as: UInt64.self)
        )
    }

    // MARK: - Entries

    /// The next entry of the central directory.
    private static func entry(
        _ reader: inout ByteReader
    ) throws(ImportError) -> (name: String, header: Int, place: Range<Int>, isCompressed: Bool) {
        let file = reader.file
        let header = try reader.take(46).lowerBound
        guard file.integer(at: header, as: UInt32.self) == 0x0201_4B50 else {
            throw .malformed(detail: "byte \(header) should start an entry of the archive's directory")
        }
        func short(_ offset: Int) -> Int { Int(file.integer(at: header + offset, as: UInt16.self)) }
        let name = try reader.text(byteCount: short(28), limit: nameLimit)
        let extra = try reader.take(short(30))
        _ = try reader.take(short(32))
        guard short(8) & 1 == 0 else { throw .unsupportedFormat(found: "an encrypted zip archive") }
        let isCompressed = short(10) != 0

        // Unpacked, packed, and where; those of 32 ones are in the extra field, in this order.
        var sizes = [24, 20, 42].map { UInt64(file.integer(at: header + $0, as: UInt32.self)) }
        var wide = try wideSizes(ByteReader(file, range: extra))
        for i in sizes.indices where sizes[i] == UInt32.max {
            guard let size = try wide?.integer(UInt64.self) else {
                throw .malformed(detail: "entry '\(name)' lacks its 64-bit sizes")
            }
            sizes[i] = size
        }
        guard isCompressed || sizes[0] == sizes[1] else {
            throw .malformed(detail: "entry '\(name)' has two lengths")
        }
        let place = try place(of: name, at: sizes[2], length: sizes[1], in: file)
        return (name, Int(sizes[2]), place, isCompressed)
    }

    /// A reader of the block of 64-bit sizes in an extra field.
    private static func wideSizes(_ extra: ByteReader) throws(ImportError) -> ByteReader? {
        var extra = extra
        while extra.end - extra.offset >= 4 {
            let kind = try extra.integer(UInt16.self)
            let block = try extra.take(Int(try extra.integer(UInt16.self)))
            if kind == 1 { return ByteReader(extra.file, range: block) }
        }
        return nil
    }

    /// The bytes behind the local header at `offset`, whose name and extra field may differ in length.
    private static func place(
        of name: String, at offset: UInt64, length: UInt64, in file: MappedFile
    ) throws(ImportError) -> Range<Int> {
        guard offset <= UInt64(file.count), length <= UInt64(file.count) else {
            throw .malformed(detail: "entry '\(name)' does not lie in the file")
        }
        var reader = ByteReader(file, range: Int(offset)..<file.count)
        let header = try reader.take(30).lowerBound
        guard file.integer(at: header, as: UInt32.self) == 0x0403_4B50 else {
            throw .malformed(detail: "entry '\(name)' does not start where the directory says")
        }
        _ = try reader.take(Int(file.integer(at: header + 26, as: UInt16.self)))
        _ = try reader.take(Int(file.integer(at: header + 28, as: UInt16.self)))
        return try reader.take(Int(length))
    }
}
