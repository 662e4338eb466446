/// Writes safetensors files.
package enum SafetensorsWriter {
    /// The tensors' bytes start at a multiple of this: what the widest vector loads want.
    package static let alignment = 64

    /// Writes `tensors` and `metadata` to `path`, all or nothing: a reader sees the old file or the whole new one, also
    /// after a power cut. The same arguments give the same bytes.
    ///
    /// - Throws: `system` for what the disk or its permissions refuse.
    /// - Precondition: the header is not longer than a reader takes, and no tensor is called `__metadata__`.
    package static func write(
        _ tensors: StateDict, metadata: [String: String] = [:], to path: String
    ) throws(CheckpointError) {
        // Wide elements first: then each tensor is aligned to its own elements, though none are padded.
        let names = tensors.names.enumerated()
            .sorted { a, b in
                let (widthA, widthB) = (
                    tensors[a.element]!.elementType.byteCount, tensors[b.element]!.elementType.byteCount
                )
                return widthA != widthB ? widthA > widthB : a.offset < b.offset
            }
            .map(\.element)
        let file = try ReplacementFile(path: path)
        try file.write(head(tensors, names: names, metadata: metadata))
        for name in names { try file.write(tensors[name]!.bytes) }
        try file.publish()
    }

    /// The length of the header and the header, padded with spaces to the alignment.
    private static func head(_ tensors: StateDict, names: [String], metadata: [String: String]) -> [UInt8] {
        var fields: [String] = []
        if !metadata.isEmpty {
            let texts = metadata.sorted { $0.key < $1.key }.map { "\(quoted($0.key)):\(quoted($0.value))" }
            fields.append("\"__metadata__\":{\(texts.joined(separator: ","))}")
        }
        var offset = 0
        for name in names {
            precondition(name != "__metadata__")
            let tensor = tensors[name]!
            let end = offset + tensor.bytes.count
            let shape = tensor.shape.map(String.init).joined(separator: ",")
            fields.append(
                "\(quoted(name)):{\"dtype\":\"\(tensor.elementType.rawValue)\",\"shape\":[\(shape)],"
                    + "\"data_offsets\":[\(offset),\(end)]}")
            offset = end
        }
        var json = Array("{\(fields.joined(separator: ","))}".utf8)
        let padding = (alignment - (8 + json.count) % alignment) % alignment
        json.append(contentsOf: repeatElement(UInt8(ascii: " "), count: padding))
        precondition(json.count <= SafetensorsHeader.byteLimit)
        return withUnsafeBytes(of: UInt64(json.count).littleEndian) { Array($0) } + json
    }

    /// A JSON string.
    private static func quoted(_ text: String) -> String {
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
}
