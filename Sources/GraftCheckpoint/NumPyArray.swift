import Foundation

/// An array of 32-bit floats as NumPy saves it: the format of NEP 1, versions 1.0 to 3.0.
package struct NumPyArray: Sendable, Equatable {
    package let shape: [Int]
    /// Row-major.
    package let elements: [Float]

    private static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
    private static let byteLimit = 4 << 30
    private static let headerLimit = 1 << 16

    /// - Precondition: there are as many elements as the shape asks for.
    package init(shape: [Int], elements: [Float]) {
        precondition(shape.reduce(1, *) == elements.count)
        (self.shape, self.elements) = (shape, elements)
    }

    /// - Throws: `system`, `tooLarge`, `truncated`, or `malformed` for anything but 32-bit floats in row-major order.
    package init(path: String) throws(CheckpointError) {
        try self.init(MappedFile(path: path, byteLimit: Self.byteLimit))
    }

    package init(_ file: MappedFile) throws(CheckpointError) {
        guard file.count >= 10, file.bytes(in: 0..<6) == Self.magic else {
            throw .malformed(detail: "it is no NumPy file (.npy)")
        }
        let isShort = file[6] == 1
        guard isShort || file.count >= 12 else { throw .truncated(expected: 12, found: file.count) }
        let start = isShort ? 10 : 12
        let length =
            isShort ? Int(file.integer(at: 8, as: UInt16.self)) : Int(file.integer(at: 8, as: UInt32.self))
        guard length <= Self.headerLimit else {
            throw .tooLarge(what: "the header's length in bytes", found: length, limit: Self.headerLimit)
        }
        guard start + length <= file.count else { throw .truncated(expected: start + length, found: file.count) }
        let header = String(decoding: file.bytes(in: start..<start + length), as: UTF8.self)
        shape = try Self.shape(in: header)
        guard let expected = byteCount(shape: shape, elementType: .f32) else {
            throw .malformed(detail: "its shape \(shape) is none")
        }
        let found = file.count - start - length
        guard found >= expected else { throw .truncated(expected: expected, found: found) }
        elements = file.withBytes(in: start + length..<start + length + expected) { ElementType.f32.floats($0) }
    }

    /// The shape that a header of a Python dictionary gives.
    private static func shape(in header: String) throws(CheckpointError) -> [Int] {
        func value(_ key: String, _ pattern: some RegexComponent<(Substring, Substring)>) -> Substring? {
            header.firstMatch(of: pattern).map(\.output.1)
        }
        let type = value("descr", #/['"]descr['"]:\s*['"]([^'"]*)['"]/#)
        guard type == "<f4" else {
            throw .malformed(
                detail: "its elements are \(type.map { "'\($0)'" } ?? "of no simple type"), expected 32-bit floats "
                    + "('<f4'): numpy.save(path, array.astype('float32'))")
        }
        guard value("fortran_order", #/['"]fortran_order['"]:\s*(\w+)/#) == "False" else {
            throw .malformed(detail: "it is column-major: numpy.save(path, numpy.ascontiguousarray(array))")
        }
        guard let sides = value("shape", #/['"]shape['"]:\s*\(([\d\s,]*)\)/#) else {
            throw .malformed(detail: "it has no shape")
        }
        let parts = sides.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
        let shape = parts.compactMap { Int($0) }
        guard shape.count == parts.count, shape.count <= 32 else { throw .malformed(detail: "its shape is no shape") }
        return shape
    }

    /// Writes the array to `path`, all or nothing.
    package func write(to path: String) throws(CheckpointError) {
        let sides = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
        var header = Array("{'descr': '<f4', 'fortran_order': False, 'shape': (\(sides)), }".utf8)
        // The elements start at a multiple of 64.
        let padding = (64 - (10 + header.count + 1) % 64) % 64
        header += [UInt8](repeating: UInt8(ascii: " "), count: padding) + [UInt8(ascii: "\n")]
        let length = withUnsafeBytes(of: UInt16(header.count).littleEndian) { Array($0) }
        let file = try ReplacementFile(path: path)
        try file.write(Self.magic + [1, 0] + length + header)
        try file.write(elements.span.bytes.copied())
        try file.publish()
    }
}
