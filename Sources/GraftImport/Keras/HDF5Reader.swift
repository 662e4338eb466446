import CHDF5
import GraftCheckpoint

/// An array of numbers in an HDF5 file.
struct HDF5Dataset: Equatable {
    /// The groups that lead to it and its name, with slashes between.
    let path: String
    let shape: [Int]
    let elementType: ElementType
}

/// The attributes and datasets of an HDF5 file, front to back, with every length checked.
struct HDF5Reader: ~Copyable {
    enum Record {
        /// The strings attached to the object at `path` under `name`; they come before what is in the object.
        case attribute(path: String, name: String, values: [String])
        case dataset(HDF5Dataset)
    }

    private var process: HDF5Process
    private var left: graft_hdf5_limits
    private let limits: graft_hdf5_limits
    private let wantsElements: Bool
    /// The bytes of elements that come before the next record.
    private var pending = 0

    /// What a file of `byteCount` bytes may take.
    private static func limits(byteCount: Int) -> graft_hdf5_limits {
        // Only a compressed file holds more than its length, and weights are hardly ever compressed to a quarter. The
        // child holds one tensor at a time, once as it is and at most once more as the file packs it.
        let bytes = UInt64(byteCount)
        return graft_hdf5_limits(
            elements: 4 * bytes, texts: 16 << 20, objects: 1 << 16, depth: 32,
            memory: 8 * bytes + 64 << 20, seconds: 2 + bytes >> 23)
    }

    /// - Parameters:
    ///   - range: Where in `file` the HDF5 file is.
    ///   - wantsElements: Whether the elements of the datasets are sent too.
    init(_ file: MappedFile, range: Range<Int>, wantsElements: Bool) throws(ImportError) {
        limits = Self.limits(byteCount: range.count)
        left = limits
        self.wantsElements = wantsElements
        process = try HDF5Process(file, range: range, limits: limits, wantsElements: wantsElements)
    }

    /// The next record, or nil after the last. Elements that were not taken are skipped.
    ///
    /// - Throws: `malformed`, `unsupportedFormat`, or `tooLarge`.
    mutating func next() throws(ImportError) -> Record? {
        try process.skip(pending)
        pending = 0
        switch Int(try integer(UInt8.self)) {
        case graft_hdf5_attribute: return try attribute()
        case graft_hdf5_dataset: return try dataset()
        case graft_hdf5_end: return nil
        case graft_hdf5_damaged: throw .malformed(detail: try text())
        case graft_hdf5_unsupported: throw .unsupportedFormat(found: try text())
        case graft_hdf5_too_large:
            throw .tooLarge(what: try text(), limit: Int(clamping: try integer(UInt64.self)))
        case let other: throw .malformed(detail: "reading it as HDF5 gave a record of an unknown kind (\(other))")
        }
    }

    /// The elements of the dataset that ``next()`` has just returned, or none if they were not asked for.
    mutating func elements() throws(ImportError) -> [UInt8] {
        defer { pending = 0 }
        return try process.take(pending)
    }

    // MARK: - Records

    private mutating func attribute() throws(ImportError) -> Record {
        try Self.count(1, &left.objects, limits.objects, "objects in the HDF5 file")
        let (path, name) = (try text(), try text())
        var values: [String] = []
        for _ in 0..<(try integer(UInt32.self)) { values.append(try text()) }
        return .attribute(path: path, name: name, values: values)
    }

    private mutating func dataset() throws(ImportError) -> Record {
        try Self.count(1, &left.objects, limits.objects, "objects in the HDF5 file")
        let path = try text()
        let type = try integer(UInt8.self)
        var shape: [Int] = []
        for _ in 0..<(try integer(UInt8.self)) { shape.append(Int(clamping: try integer(UInt64.self))) }
        guard let elementType = ElementType(sentAs: Int(type)) else {
            throw .malformed(detail: "reading it as HDF5 gave elements of an unknown kind (\(type))")
        }
        guard let byteCount = GraftCheckpoint.byteCount(shape: shape, elementType: elementType) else {
            throw .malformed(detail: "the dataset '\(path)' has the shape \(shape)")
        }
        try Self.count(UInt64(byteCount), &left.elements, limits.elements, "bytes of tensors")
        pending = wantsElements ? byteCount : 0
        return .dataset(HDF5Dataset(path: path, shape: shape, elementType: elementType))
    }

    // MARK: - Numbers and texts

    private mutating func integer<Integer: FixedWidthInteger & UnsignedInteger>(
        _: Integer.Type
    ) throws(ImportError) -> Integer {
        try process.take(MemoryLayout<Integer>.size).reversed().reduce(0) { $0 << 8 | Integer($1) }
    }

    private mutating func text() throws(ImportError) -> String {
        let length = try integer(UInt32.self)
        // With its length, so that a list of empty texts ends too.
        try Self.count(UInt64(length) + 4, &left.texts, limits.texts, "bytes of text in the HDF5 file")
        // Names may be of any bytes; those that are no UTF-8 are no layer's.
        return String(decoding: try process.take(Int(length)), as: UTF8.self)
    }

    /// The child keeps to the limits; what it sends is counted again all the same.
    private static func count(
        _ amount: UInt64, _ left: inout UInt64, _ limit: UInt64, _ what: String
    ) throws(ImportError) {
        guard amount <= left else { throw .tooLarge(what: what, limit: Int(clamping: limit)) }
        left -= amount
    }
}

extension ElementType {
    fileprivate init?(sentAs code: Int) {
        switch code {
        case graft_hdf5_f64: self = .f64
        case graft_hdf5_f32: self = .f32
        case graft_hdf5_f16: self = .f16
        case graft_hdf5_bf16: self = .bf16
        case graft_hdf5_i64: self = .i64
        case graft_hdf5_i32: self = .i32
        case graft_hdf5_i16: self = .i16
        case graft_hdf5_i8: self = .i8
        case graft_hdf5_u8: self = .u8
        case graft_hdf5_bool: self = .bool
        default: return nil
        }
    }
}
