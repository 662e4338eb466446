/// The head of a safetensors file and the places of its tensors, before any of their bytes are there: what lets a file be
/// sent or written that never is in memory as a whole.
package struct SafetensorsLayout: Sendable, Equatable {
    package struct Tensor: Sendable, Equatable {
        package let name: String
        package let elementType: ElementType
        package let shape: [Int]

        package init(_ name: String, elementType: ElementType = .f32, shape: [Int]) {
            self.name = name
            self.elementType = elementType
            self.shape = shape
        }
    }

    /// In the order of their bytes: wide elements first, so that each tensor is aligned to its own elements, though none
    /// are padded.
    package let tensors: [Tensor]
    /// The length of the header and the header, padded with spaces to ``SafetensorsWriter/alignment``.
    package let head: [UInt8]
    /// The length of the whole file.
    package let byteCount: Int

    /// - Throws: `tooLarge` for a header that is longer than a reader takes, or tensors than an `Int` counts.
    /// - Precondition: no two tensors have one name, and none is called `__metadata__`.
    package init(_ tensors: [Tensor], metadata: [String: String] = [:]) throws(CheckpointError) {
        let ordered = tensors.enumerated().sorted { a, b in
            let (widthA, widthB) = (a.element.elementType.byteCount, b.element.elementType.byteCount)
            return widthA != widthB ? widthA > widthB : a.offset < b.offset
        }.map(\.element)
        var fields: [String] = []
        if !metadata.isEmpty {
            let texts = metadata.sorted { $0.key < $1.key }.map { "\(quoted($0.key)):\(quoted($0.value))" }
            fields.append("\"__metadata__\":{\(texts.joined(separator: ","))}")
        }
        var names: Set<String> = ["__metadata__"]
        var offset = 0
        for tensor in ordered {
            precondition(names.insert(tensor.name).inserted, "a second tensor '\(tensor.name)'")
            guard let count = GraftCheckpoint.byteCount(shape: tensor.shape, elementType: tensor.elementType),
                count <= SafetensorsFile.byteLimit - offset
            else {
                throw .tooLarge(what: "the file's length in bytes", found: .max, limit: SafetensorsFile.byteLimit)
            }
            let shape = tensor.shape.map(String.init).joined(separator: ",")
            fields.append(
                "\(quoted(tensor.name)):{\"dtype\":\"\(tensor.elementType.rawValue)\",\"shape\":[\(shape)],"
                    + "\"data_offsets\":[\(offset),\(offset + count)]}")
            offset += count
        }
        var json = Array("{\(fields.joined(separator: ","))}".utf8)
        let alignment = SafetensorsWriter.alignment
        let padding = (alignment - (8 + json.count) % alignment) % alignment
        json.append(contentsOf: repeatElement(UInt8(ascii: " "), count: padding))
        guard json.count <= SafetensorsHeader.byteLimit else {
            throw .tooLarge(
                what: "the header's length in bytes", found: json.count, limit: SafetensorsHeader.byteLimit)
        }
        self.tensors = ordered
        head = withUnsafeBytes(of: UInt64(json.count).littleEndian) { Array($0) } + json
        byteCount = head.count + offset
    }
}

/// A JSON string.
private func quoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": quoted += "\\\""
        case "\\": quoted += "\\\\"
        case "\u{0}"..<"\u{20}":
            let digits = String(scalar.value, radix: 16)
            quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        default: quoted.unicodeScalars.append(scalar)
        }
    }
    return quoted + "\""
}
