extension Classification {
    /// What ``APICoding`` makes of it, byte for byte, in a fraction of the time; nil where a number is not finite, which JSON
    /// cannot say.
    package func json() -> [UInt8]? {
        let numbers = [probability, novelty] + top.map(\.probability)
        guard numbers.allSatisfy(\.isFinite) else { return nil }
        var json = JSONText()
        json.add("{\"id\":", string: id)
        json.add(",\"label\":", string: label)
        json.add(",\"model\":{\"revision\":", text: "\(model.revision)")
        json.add(",\"version\":", text: "\(model.version)")
        json.add("},\"novelty\":", number: novelty)
        json.add(",\"probability\":", number: probability)
        json.add(",\"top\":", text: "[")
        for (index, label) in top.enumerated() {
            json.add(index == 0 ? "{\"label\":" : ",{\"label\":", string: label.label)
            json.add(",\"probability\":", number: label.probability)
            json.add("}", text: "")
        }
        json.add("],\"unknown\":", text: unknown ? "true}" : "false}")
        return json.bytes
    }
}

/// JSON as it is written, without a look at what it says.
private struct JSONText {
    private(set) var bytes: [UInt8] = []

    init() { bytes.reserveCapacity(512) }

    mutating func add(_ before: StaticString, text: String) {
        bytes += UnsafeBufferPointer(start: before.utf8Start, count: before.utf8CodeUnitCount)
        bytes += text.utf8
    }

    /// As short as it can be to be read as the same number again.
    mutating func add(_ before: StaticString, number: Float) {
        let text = number.description
        add(before, text: text.hasSuffix(".0") ? String(text.dropLast(2)) : text)
    }

    mutating func add(_ before: StaticString, string: String) {
        add(before, text: "\"")
        for byte in string.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
            case 0x08: bytes += "\\b".utf8
            case 0x09: bytes += "\\t".utf8
            case 0x0a: bytes += "\\n".utf8
            case 0x0c: bytes += "\\f".utf8
            case 0x0d: bytes += "\\r".utf8
            case 0..<0x10: bytes += "\\u000\(String(byte, radix: 16))".utf8
            case 0x10..<0x20: bytes += "\\u00\(String(byte, radix: 16))".utf8
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
