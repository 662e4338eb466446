/// What the head of a safetensors file says: metadata, and each tensor's type, shape and place.
///
/// The format (https://github.com/huggingface/safetensors): the header's length as a little-endian 64-bit integer, the
/// header as a JSON object that may be padded with spaces, then the tensors' bytes without gaps.
package struct SafetensorsHeader: Sendable, Equatable {
    package struct Entry: Sendable, Equatable {
        package let name: String
        package let elementType: ElementType
        package let shape: [Int]
        /// Where the bytes are, counted from the start of the file.
        package let range: Range<Int>
    }

    package let metadata: [String: String]
    /// In the order of their bytes.
    package let entries: [Entry]

    /// The longest header that is read, in bytes: a hundred times the largest network's.
    package static let byteLimit = 16 << 20
    /// Enough for any tensor; PyTorch's own limit is 64.
    package static let rankLimit = 32

    /// Checks the head of a file of `fileLength` bytes; `read` returns a copy of a range that lies in the file.
    ///
    /// - Throws: `truncated`, `tooLarge`, or `malformed` unless the tensors fill the file exactly, one after another.
    init(fileLength: Int, read: (Range<Int>) -> [UInt8]) throws(CheckpointError) {
        guard fileLength >= 8 else { throw .truncated(expected: 8, found: fileLength) }
        let length = read(0..<8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard length <= Self.byteLimit else {
            throw .tooLarge(what: "the header's length in bytes", found: Int(clamping: length), limit: Self.byteLimit)
        }
        let dataStart = 8 + Int(length)
        guard fileLength >= dataStart else { throw .truncated(expected: dataStart, found: fileLength) }
        var scanner = JSONScanner(read(8..<dataStart))
        (metadata, entries) = try scanner.header(dataStart: dataStart)
        try checkPlaces(dataStart: dataStart, fileLength: fileLength)
    }

    private func checkPlaces(dataStart: Int, fileLength: Int) throws(CheckpointError) {
        var end = dataStart
        for entry in entries {
            let start = entry.range.lowerBound
            guard start == end else {
                let fault = start < end ? "overlaps the one before it" : "leaves a gap before it"
                throw .malformed(detail: "tensor '\(entry.name)' at byte \(start) \(fault), which ends at \(end)")
            }
            end = entry.range.upperBound
        }
        guard end <= fileLength else { throw .truncated(expected: end, found: fileLength) }
        guard end == fileLength else {
            throw .malformed(detail: "\(fileLength - end) bytes follow the last tensor")
        }
    }
}

// MARK: - The JSON of the header

// One function per level of the object: nothing recurses, so no nesting can exhaust the stack.
extension JSONScanner {
    fileprivate mutating func header(
        dataStart: Int
    ) throws(CheckpointError) -> (metadata: [String: String], entries: [SafetensorsHeader.Entry]) {
        var metadata: [String: String]?
        var entries: [SafetensorsHeader.Entry] = []
        var names: Set<String> = []
        try expect("{")
        var key = try firstKey()
        while let name = key {
            guard names.insert(name).inserted else { throw .malformed(detail: "the header names '\(name)' twice") }
            if name == "__metadata__" {
                metadata = try texts()
            } else {
                entries.append(try entry(named: name, dataStart: dataStart))
            }
            key = try nextKey()
        }
        try expectEnd()
        // An empty tensor lies before the one that starts where it ends.
        entries.sort { ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound) }
        return (metadata ?? [:], entries)
    }

    /// The value of `__metadata__`: an object of strings.
    private mutating func texts() throws(CheckpointError) -> [String: String] {
        var texts: [String: String] = [:]
        try expect("{")
        var key = try firstKey()
        while let name = key {
            let old = texts.updateValue(try string(), forKey: name)
            guard old == nil else { throw .malformed(detail: "the metadata names '\(name)' twice") }
            key = try nextKey()
        }
        return texts
    }

    /// `{"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}`
    private mutating func entry(named name: String, dataStart: Int) throws(CheckpointError) -> SafetensorsHeader.Entry {
        var typeName: String?
        var shape: [Int]?
        var offsets: [Int]?
        try expect("{")
        var key = try firstKey()
        while let field = key {
            switch field {
            case "dtype" where typeName == nil: typeName = try string()
            case "shape" where shape == nil: shape = try integers(limit: SafetensorsHeader.rankLimit)
            case "data_offsets" where offsets == nil: offsets = try integers(limit: 2)
            default: throw .malformed(detail: "tensor '\(name)' has an unknown or second field '\(field)'")
            }
            key = try nextKey()
        }
        guard let typeName, let shape, let offsets, offsets.count == 2 else {
            throw .malformed(detail: "tensor '\(name)' lacks dtype, shape or two data_offsets")
        }
        guard let elementType = ElementType(rawValue: typeName) else {
            let known = ElementType.allCases.map(\.rawValue).joined(separator: ", ")
            throw .malformed(detail: "tensor '\(name)' has the element type '\(typeName)'; known are \(known)")
        }
        guard let length = byteCount(shape: shape, elementType: elementType), offsets[0] <= offsets[1],
            offsets[1] - offsets[0] == length
        else {
            throw .malformed(
                detail:
                    "tensor '\(name)' of \(typeName) and shape \(shape) does not fill bytes "
                    + "\(offsets[0])..<\(offsets[1])"
            )
        }
        let (end, overflow) = dataStart.addingReportingOverflow(offsets[1])
        guard !overflow else { throw .malformed(detail: "tensor '\(name)' ends at byte \(offsets[1])") }
        return .init(name: name, elementType: elementType, shape: shape, range: dataStart + offsets[0]..<end)
    }
}
