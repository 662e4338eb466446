import GraftCheckpoint

/// A tensor of an ONNX file: its shape, and where its elements are.
///
/// Reading it checks that as many elements are there as the shape asks for, but for a file beside this one; nothing is
/// copied but lists of integers, which the format packs.
struct ONNXTensor: Sendable {
    enum Content: Sendable {
        /// Little-endian elements, as they are in memory.
        case raw(MappedFile, Range<Int>)
        /// An integer for each element, or its bits if it is a half-precision float.
        case integers([Int64])
        case external(ExternalPlace)
    }

    /// The most sides a tensor may have.
    static let rankLimit = 16

    let name: String
    let shape: [Int]
    /// The number of the element type in the format.
    let typeNumber: Int64
    let content: Content

    /// nil for a type that weights do not have.
    var elementType: ElementType? { Self.elementTypes[typeNumber] }

    var typeName: String {
        elementType?.rawValue ?? Self.otherTypes[typeNumber] ?? "the unknown element type \(typeNumber)"
    }

    private static let elementTypes: [Int64: ElementType] = [
        1: .f32, 2: .u8, 3: .i8, 5: .i16, 6: .i32, 7: .i64, 9: .bool, 10: .f16, 11: .f64, 16: .bf16,
    ]
    private static let otherTypes: [Int64: String] = [
        4: "U16", 8: "STRING", 12: "U32", 13: "U64", 14: "COMPLEX64", 15: "COMPLEX128", 17: "FLOAT8E4M3FN",
        18: "FLOAT8E4M3FNUZ", 19: "FLOAT8E5M2", 20: "FLOAT8E5M2FNUZ", 21: "UINT4", 22: "INT4", 23: "FLOAT4E2M1",
    ]
}

/// Elements in another file of the same folder.
struct ExternalPlace: Sendable {
    var location = ""
    var offset: Int64 = 0
    /// nil for as many bytes as the tensor needs.
    var length: Int64?
}

// MARK: - Reading

extension ONNXTensor {
    /// - Throws: `truncated`, `malformed`, or `badTensor` for content that does not fill the shape.
    init(_ message: ProtobufReader) throws(ImportError) {
        var fields = message
        var (name, typeNumber, sides) = ("", Int64(0), [Int64]())
        var raw: (file: MappedFile, range: Range<Int>)?
        var integers: [Int64] = []
        var external: ExternalPlace?
        while let field = try fields.next() {
            switch field.number {
            case 1: try field.appendIntegers(to: &sides, limit: Self.rankLimit)
            case 2: typeNumber = try field.integer()
            case 4, 10:
                // Writers pack these, which makes them the bytes that a raw tensor has.
                guard raw == nil else { throw .malformed(detail: "tensor '\(name)' has its elements in several parts") }
                raw = (field.file, try field.fixedNumbers(width: field.number == 4 ? 4 : 8))
            case 5, 7: try field.appendIntegers(to: &integers, limit: field.file.count)
            case 8: name = try field.text()
            case 9: raw = (field.file, try field.range())
            case 13: try external.read(try field.message())
            case 14: if try field.integer() == 1, external == nil { external = ExternalPlace() }
            default: break
            }
        }
        self.name = name
        self.typeNumber = typeNumber
        shape = sides.map { Int($0) }
        if let external {
            content = .external(external)
        } else if let raw {
            content = .raw(raw.file, raw.range)
        } else {
            content = .integers(integers)
        }
        try checkContent()
    }

    private func checkContent() throws(ImportError) {
        guard let count = elementCount(shape) else { throw .badTensor(name: name, detail: "\(shape) is no shape") }
        guard let elementType else { return }
        let expected = count * elementType.byteCount
        switch content {
        case .raw(_, let range) where range.count != expected:
            throw .badTensor(name: name, detail: "has \(range.count) bytes, expected \(expected) for \(shape)")
        case .integers(let integers) where !integers.isEmpty && (elementType == .f32 || elementType == .f64):
            throw .badTensor(name: name, detail: "holds \(elementType.rawValue) and lists integers")
        case .integers(let integers) where integers.count != count:
            throw .badTensor(name: name, detail: "has \(integers.count) elements, expected \(count) for \(shape)")
        default: break
        }
    }
}

extension ExternalPlace? {
    /// Takes up an entry of the list that describes the place.
    fileprivate mutating func read(_ message: ProtobufReader) throws(ImportError) {
        var fields = message
        var (key, value) = ("", "")
        while let field = try fields.next() {
            switch field.number {
            case 1: key = try field.text()
            case 2: value = try field.text()
            default: break
            }
        }
        var place = self ?? ExternalPlace()
        switch key {
        case "location": place.location = value
        case "offset", "length":
            guard let count = Int64(value), count >= 0 else {
                throw .malformed(detail: "the \(key) of external data is '\(value)'")
            }
            if key == "offset" { place.offset = count } else { place.length = count }
        default: break
        }
        self = place
    }
}
