import GraftCheckpoint

/// A tensor of the graph that does not depend on the image: a weight, or what is computed from weights and shapes.
struct Constant: Sendable {
    enum Elements: Sendable {
        /// As the file has them, not read yet.
        case stored(ONNXTensor)
        case reals([Double])
        /// Integers, and truth values as 0 and 1.
        case integers([Int64])
    }

    let shape: [Int]
    let elements: Elements
    /// The initializer whose elements, in their order, these are.
    let source: String?

    init(shape: [Int], _ elements: Elements, source: String? = nil) {
        self.shape = shape
        self.elements = elements
        self.source = source
    }

    init(_ tensor: ONNXTensor, source: String? = nil) {
        self.init(shape: tensor.shape, .stored(tensor), source: source)
    }

    /// A vector.
    init(integers: [Int64]) { self.init(shape: [integers.count], .integers(integers)) }

    /// The number of elements. No overflow: that many elements are in memory or in a file.
    var count: Int { shape.reduce(1, *) }

    var isInteger: Bool {
        switch elements {
        case .stored(let tensor): tensor.elementType?.isInteger ?? false
        case .reals: false
        case .integers: true
        }
    }

    /// The same elements in another shape.
    ///
    /// - Precondition: which has as many.
    func reshaped(to shape: [Int]) -> Constant {
        precondition(shape.reduce(1, *) == count)
        return Constant(shape: shape, elements, source: source)
    }
}

/// The product of `shape`, or nil for a negative side or more elements than any tensor has, even if a side of 0 hides
/// them.
func elementCount(_ shape: [Int]) -> Int? {
    var product = 1
    for side in shape {
        guard side >= 0, side <= 1 << 40 else { return nil }
        let (next, overflow) = product.multipliedReportingOverflow(by: max(side, 1))
        guard !overflow, next <= 1 << 40 else { return nil }
        product = next
    }
    return shape.contains(0) ? 0 : product
}

/// Reads the elements of constants, and counts the bytes that reading and computing takes: however a graph repeats and
/// expands its tensors, they stay in proportion to its files.
struct ConstantMemory {
    private let fileByteCount: Int
    private var external: ExternalData
    private var bytesMade = 0

    init(_ file: MappedFile, folder: String) {
        fileByteCount = file.count
        external = ExternalData(folder: folder)
    }

    /// Half-precision weights that are transposed one by one take ten times their size.
    private var byteLimit: Int { 16 * (fileByteCount + external.byteCount) + 64 << 20 }

    /// Counts `count` elements that are about to be made.
    ///
    /// - Throws: `tooLarge`.
    mutating func claim(_ count: Int, bytesEach width: Int = 8) throws(ImportError) {
        let (bytes, overflow) = count.multipliedReportingOverflow(by: width)
        guard !overflow, bytes <= byteLimit - bytesMade else {
            throw .tooLarge(what: "bytes of tensors computed from its constants", limit: byteLimit)
        }
        bytesMade += bytes
    }

    /// Counts the elements of a tensor of `shape` that is about to be made.
    mutating func claim(shape: [Int], bytesEach width: Int = 8) throws(ImportError) {
        guard let count = elementCount(shape) else {
            throw .tooLarge(what: "bytes of tensors computed from its constants", limit: byteLimit)
        }
        try claim(count, bytesEach: width)
    }

    /// The elements, whatever they are stored as, but neither rounded nor converted between integers and reals.
    mutating func loaded(_ constant: Constant) throws(ImportError) -> Constant {
        guard case .stored = constant.elements else { return constant }
        return constant.isInteger
            ? Constant(shape: constant.shape, .integers(try integers(constant)), source: constant.source)
            : Constant(shape: constant.shape, .reals(try reals(constant)), source: constant.source)
    }

    mutating func reals(_ constant: Constant) throws(ImportError) -> [Double] {
        switch constant.elements {
        case .reals(let reals): return reals
        case .integers(let integers):
            try claim(integers.count)
            return integers.map(Double.init)
        case .stored(let tensor):
            try claim(constant.count)
            return try read(tensor) { $0.reals($1) }
        }
    }

    /// - Throws: `malformed` for reals, which is not what the operator wants here.
    mutating func integers(_ constant: Constant) throws(ImportError) -> [Int64] {
        switch constant.elements {
        case .integers(let integers): return integers
        case .stored(let tensor) where constant.isInteger:
            try claim(constant.count)
            return try read(tensor) { $0.integers($1) }
        case .reals, .stored: throw .malformed(detail: "a tensor of shape \(constant.shape) should hold integers")
        }
    }

    /// The elements rounded to 32-bit floats.
    mutating func floats(_ constant: Constant) throws(ImportError) -> [Float] {
        try claim(constant.count, bytesEach: 4)
        switch constant.elements {
        case .reals(let reals): return reals.map { Float($0) }
        case .integers(let integers): return integers.map { Float($0) }
        case .stored(let tensor): return try read(tensor) { $0.floats($1) }
        }
    }

    private mutating func read<Element>(
        _ tensor: ONNXTensor, _ convert: (ElementType, RawSpan) -> [Element]
    ) throws(ImportError) -> [Element] {
        guard let elementType = tensor.elementType else {
            throw .badTensor(name: tensor.name, detail: "holds \(tensor.typeName), which weights are not made of")
        }
        switch tensor.content {
        case .raw(let file, let range):
            return file.withBytes(in: range) { convert(elementType, $0) }
        case .external(let place):
            let (file, range) = try external.bytes(
                at: place, count: tensor.shape.reduce(elementType.byteCount, *), of: tensor.name)
            return file.withBytes(in: range) { convert(elementType, $0) }
        case .integers(let integers):
            // Each holds the lowest bytes of a 64-bit integer.
            let bytes = integers.flatMap { integer in
                withUnsafeBytes(of: integer.littleEndian) { Array($0.prefix(elementType.byteCount)) }
            }
            return convert(elementType, bytes.span.bytes)
        }
    }
}

extension ElementType {
    fileprivate func reals(_ bytes: RawSpan) -> [Double] {
        switch self {
        case .f64: (0..<bytes.byteCount / 8).map { bytes.unsafeLoadUnaligned(fromByteOffset: 8 * $0, as: Double.self) }
        case .i64, .i32: integers(bytes).map { Double($0) }
        default: floats(bytes).map { Double($0) }
        }
    }
}
