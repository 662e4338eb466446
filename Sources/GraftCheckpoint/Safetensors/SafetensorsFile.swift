/// A safetensors file, mapped: the header is checked in full on opening, tensors are lent or copied by name.
package final class SafetensorsFile: Sendable {
    private let file: MappedFile
    private let entries: [String: SafetensorsHeader.Entry]

    /// The free texts of the header.
    package let metadata: [String: String]
    /// In the order of their bytes.
    package let names: [String]

    /// The longest file that is opened, in bytes.
    package static let byteLimit = 16 << 30

    /// - Throws: `system`, `truncated`, `tooLarge`, or `malformed` for anything that is not exactly the format.
    package convenience init(path: String) throws(CheckpointError) {
        try self.init(MappedFile(path: path, byteLimit: Self.byteLimit))
    }

    /// - Throws: `truncated`, `tooLarge`, or `malformed`, as above.
    package init(_ file: MappedFile) throws(CheckpointError) {
        let header = try SafetensorsHeader(fileLength: file.count) { file.bytes(in: $0) }
        self.file = file
        metadata = header.metadata
        names = header.entries.map(\.name)
        entries = Dictionary(uniqueKeysWithValues: header.entries.map { ($0.name, $0) })
    }

    /// The file's length in bytes.
    package var byteCount: Int { file.count }

    /// The shape of the tensor called `name`, for files whose sizes are not known beforehand.
    package func shape(of name: String) throws(CheckpointError) -> [Int] { try entry(name).shape }

    /// Lends the elements of the tensor called `name`, row-major; they are copied only if they are not stored as
    /// aligned 32-bit floats.
    ///
    /// - Throws: `missingTensor`, or `shapeMismatch` unless it has exactly `shape`.
    package func withFloats<R>(
        _ name: String, shape: [Int], _ body: (Span<Float>) -> R
    ) throws(CheckpointError) -> R {
        let entry = try entry(name, shape: shape)
        return file.withBytes(in: entry.range) { bytes in
            guard entry.elementType == .f32 else { return body(entry.elementType.floats(bytes).span) }
            return bytes.withUnsafeBytes { raw in
                // Bound only where aligned: the format allows any place.
                if Int(bitPattern: raw.baseAddress) % MemoryLayout<Float>.alignment == 0 {
                    return raw.withMemoryRebound(to: Float.self) { body($0.span) }
                }
                return body(entry.elementType.floats(bytes).span)
            }
        }
    }

    /// The elements of the tensor called `name` as 32-bit floats, row-major.
    ///
    /// - Throws: `missingTensor`, or `shapeMismatch` unless it has exactly `shape`.
    package func floats(_ name: String, shape: [Int]) throws(CheckpointError) -> [Float] {
        let entry = try entry(name, shape: shape)
        return file.withBytes(in: entry.range) { entry.elementType.floats($0) }
    }

    /// The elements of the integer tensor called `name`, row-major.
    ///
    /// - Throws: `missingTensor`, `wrongElementType`, or `shapeMismatch` unless it has exactly `shape`.
    package func integers(_ name: String, shape: [Int]) throws(CheckpointError) -> [Int64] {
        let entry = try entry(name, shape: shape)
        guard entry.elementType.isInteger else {
            throw .wrongElementType(name: name, expected: "integers", found: entry.elementType)
        }
        return file.withBytes(in: entry.range) { entry.elementType.integers($0) }
    }

    /// How each tensor is stored, in the order of their bytes.
    package var tensors: [SafetensorsLayout.Tensor] {
        names.map { name in
            let entry = entries[name]!
            return .init(name, elementType: entry.elementType, shape: entry.shape)
        }
    }

    /// A copy of the bytes of the tensor called `name` from `offset` on, at most `count`; none at its end.
    ///
    /// - Precondition: there is such a tensor, and `offset` is not past its end.
    package func storedBytes(_ name: String, from offset: Int, count: Int) -> [UInt8] {
        let range = entries[name]!.range
        precondition(offset >= 0 && offset <= range.count && count >= 0)
        let start = range.lowerBound + offset
        return file.bytes(in: start..<start + min(count, range.count - offset))
    }

    /// A copy of every tensor.
    package func stateDict() -> StateDict {
        var stateDict = StateDict()
        for name in names {
            let entry = entries[name]!
            let tensor = StateTensor(
                shape: entry.shape, elementType: entry.elementType, bytes: file.bytes(in: entry.range))
            stateDict.add(tensor, as: name)
        }
        return stateDict
    }

    /// Lends the bytes of the tensor called `name`, which exists, as they are stored.
    func withStoredTensor<R>(
        _ name: String, _ body: (_ shape: [Int], _ elementType: ElementType, _ bytes: RawSpan) -> R
    ) -> R {
        let entry = entries[name]!
        return file.withBytes(in: entry.range) { body(entry.shape, entry.elementType, $0) }
    }

    private func entry(_ name: String) throws(CheckpointError) -> SafetensorsHeader.Entry {
        guard let entry = entries[name] else { throw .missingTensor(name: name) }
        return entry
    }

    private func entry(_ name: String, shape: [Int]) throws(CheckpointError) -> SafetensorsHeader.Entry {
        let entry = try entry(name)
        guard entry.shape == shape else { throw .shapeMismatch(name: name, expected: shape, found: entry.shape) }
        return entry
    }
}
