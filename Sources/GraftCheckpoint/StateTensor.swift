/// One array of a state dict: elements as they are stored, converted when asked for.
package struct StateTensor: Sendable, Equatable {
    package let shape: [Int]
    package let elementType: ElementType
    /// Row-major and little-endian.
    package let bytes: [UInt8]

    /// - Precondition: `bytes` has the length that shape and type ask for.
    package init(shape: [Int], elementType: ElementType, bytes: [UInt8]) {
        precondition(
            byteCount(shape: shape, elementType: elementType) == bytes.count,
            "\(bytes.count) bytes do not fill \(shape) of \(elementType.rawValue)")
        self.shape = shape
        self.elementType = elementType
        self.bytes = bytes
    }

    /// A tensor of 32-bit floats, row-major.
    package init(shape: [Int], floats: [Float]) {
        self.init(shape: shape, elementType: .f32, bytes: floats.span.bytes.copied())
    }

    /// A tensor of 64-bit integers, row-major.
    package init(shape: [Int], integers: [Int64]) {
        self.init(shape: shape, elementType: .i64, bytes: integers.span.bytes.copied())
    }

    /// The number of elements.
    package var count: Int { shape.reduce(1, *) }

    /// The elements as 32-bit floats, whatever they are stored as.
    package func floats() -> [Float] { elementType.floats(bytes.span.bytes) }
}

/// The bytes that a tensor takes, or nil for a negative side or more than an `Int` counts.
package func byteCount(shape: [Int], elementType: ElementType) -> Int? {
    var count = elementType.byteCount
    // A 0 among the sides must not hide that the others overflow, nor a negative side.
    for side in shape {
        guard side >= 0 else { return nil }
        let (product, overflow) = count.multipliedReportingOverflow(by: max(side, 1))
        guard !overflow else { return nil }
        count = product
    }
    return shape.contains(0) ? 0 : count
}

extension RawSpan {
    func copied() -> [UInt8] { withUnsafeBytes { [UInt8]($0) } }
}
