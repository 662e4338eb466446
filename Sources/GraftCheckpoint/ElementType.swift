/// How a tensor's elements are stored, little-endian; raw values are the names that safetensors uses.
package enum ElementType: String, Sendable, CaseIterable {
    case f64 = "F64"
    case f32 = "F32"
    /// IEEE 754 half precision.
    case f16 = "F16"
    /// The upper half of a 32-bit float.
    case bf16 = "BF16"
    case i64 = "I64"
    case i32 = "I32"
    case i16 = "I16"
    case i8 = "I8"
    case u8 = "U8"
    /// A byte each; anything but 0 is true.
    case bool = "BOOL"

    /// Bytes per element.
    package var byteCount: Int {
        switch self {
        case .f64, .i64: 8
        case .f32, .i32: 4
        case .f16, .bf16, .i16: 2
        case .i8, .u8, .bool: 1
        }
    }

    package var isInteger: Bool {
        switch self {
        case .f64, .f32, .f16, .bf16: false
        case .i64, .i32, .i16, .i8, .u8, .bool: true
        }
    }
}

// MARK: - Conversion

#if _endian(big)
    #error("checkpoints hold little-endian elements, which this code reads as they are")
#endif

extension ElementType {
    /// The elements in `bytes` as 32-bit floats, rounded to the nearest where they are wider.
    ///
    /// - Precondition: `bytes` is a whole number of elements.
    package func floats(_ bytes: RawSpan) -> [Float] {
        switch self {
        case .f64: converted(bytes, from: Double.self) { Float($0) }
        case .f32: converted(bytes, from: Float.self) { $0 }
        case .f16: converted(bytes, from: UInt16.self) { Float(Float16(bitPattern: $0)) }
        case .bf16: converted(bytes, from: UInt16.self) { Float(bitPattern: UInt32($0) << 16) }
        case .i64: converted(bytes, from: Int64.self) { Float($0) }
        case .i32: converted(bytes, from: Int32.self) { Float($0) }
        case .i16: converted(bytes, from: Int16.self) { Float($0) }
        case .i8: converted(bytes, from: Int8.self) { Float($0) }
        case .u8: converted(bytes, from: UInt8.self) { Float($0) }
        case .bool: converted(bytes, from: UInt8.self) { $0 == 0 ? 0 : 1 }
        }
    }

    /// The elements in `bytes` as 64-bit integers.
    ///
    /// - Precondition: the type is an integer's, and `bytes` is a whole number of elements.
    package func integers(_ bytes: RawSpan) -> [Int64] {
        switch self {
        case .i64: converted(bytes, from: Int64.self) { $0 }
        case .i32: converted(bytes, from: Int32.self) { Int64($0) }
        case .i16: converted(bytes, from: Int16.self) { Int64($0) }
        case .i8: converted(bytes, from: Int8.self) { Int64($0) }
        case .u8: converted(bytes, from: UInt8.self) { Int64($0) }
        case .bool: converted(bytes, from: UInt8.self) { $0 == 0 ? 0 : 1 }
        case .f64, .f32, .f16, .bf16: preconditionFailure("\(rawValue) is no integer type")
        }
    }
}

/// Inlined with its closure, so that each type becomes a plain loop.
@inline(__always)
private func converted<Source: BitwiseCopyable, Target>(
    _ bytes: RawSpan, from: Source.Type, _ convert: (Source) -> Target
) -> [Target] {
    let width = MemoryLayout<Source>.size
    precondition(bytes.byteCount % width == 0)
    let count = bytes.byteCount / width
    return [Target](unsafeUninitializedCapacity: count) { target, initialized in
        bytes.withUnsafeBytes { source in
            for i in 0..<count {
                target.initializeElement(
                    at: i, to: convert(source.loadUnaligned(fromByteOffset: i * width, as: Source.self)))
            }
        }
        initialized = count
    }
}
