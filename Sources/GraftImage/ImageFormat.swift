/// How the bytes of an image are laid out.
package enum ImageFormat: Sendable, Equatable {
    /// Baseline or progressive; gray, YCbCr, RGB, CMYK or YCCK.
    case jpeg
    /// Any colour type and bit depth, interlaced or not.
    case png
    /// Binary portable pixmap, `P6`.
    case ppm
    /// Nothing but `height * width` pixels of three bytes, red first, top row first.
    case rgb24(width: Int, height: Int)
}

extension ImageFormat {
    /// The format that the first bytes name, or nil. Never `rgb24`, which has no signature.
    package static func sniff(_ bytes: Span<UInt8>) -> ImageFormat? {
        func starts(with signature: [UInt8]) -> Bool {
            bytes.count >= signature.count && signature.indices.allSatisfy { bytes[$0] == signature[$0] }
        }
        if starts(with: [0xff, 0xd8, 0xff]) { return .jpeg }
        if starts(with: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]) { return .png }
        if starts(with: [0x50, 0x36]) { return .ppm }
        return nil
    }

    /// The format of `image/jpeg`, `image/png`, `image/x-portable-pixmap` or
    /// `application/x-graftd-rgb24; width=W; height=H` (both sides needed, in any order, at least 1); nil for anything
    /// else.
    ///
    /// Names are compared without case, as RFC 9110 §8.3.1 has it; parameters of the other types are ignored.
    package init?(mediaType: String) {
        // Bytes, and in place: this is most of what is read of a request's head.
        var parts = MediaTypeParts(rest: mediaType.utf8[...])
        guard let type = parts.next() else { return nil }
        if type.isSame(as: "image/jpeg") {
            self = .jpeg
        } else if type.isSame(as: "image/png") {
            self = .png
        } else if type.isSame(as: "image/x-portable-pixmap") {
            self = .ppm
        } else if type.isSame(as: "application/x-graftd-rgb24") {
            var (width, height): (Int?, Int?)
            while let parameter = parts.next() {
                guard let equals = parameter.firstIndex(of: UInt8(ascii: "=")) else { continue }
                let name = parameter[..<equals]
                let isWidth = name.isSame(as: "width")
                guard isWidth || name.isSame(as: "height") else { continue }
                guard (isWidth ? width : height) == nil, let side = Self.side(parameter[equals...].dropFirst())
                else { return nil }
                if isWidth { width = side } else { height = side }
            }
            guard let width, let height else { return nil }
            self = .rgb24(width: width, height: height)
        } else {
            return nil
        }
    }

    /// A number of pixels from digits alone, perhaps in quotation marks, 1...2^31-1.
    private static func side(_ digits: Substring.UTF8View) -> Int? {
        var digits = digits
        let quote = UInt8(ascii: "\"")
        if digits.count > 2, digits.first == quote, digits.last == quote { digits = digits.dropFirst().dropLast() }
        guard digits.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }), let side = Int32(Substring(digits)),
            side >= 1
        else { return nil }
        return Int(side)
    }
}

extension ImageFormat: CustomStringConvertible {
    /// The media type.
    package var description: String {
        switch self {
        case .jpeg: "image/jpeg"
        case .png: "image/png"
        case .ppm: "image/x-portable-pixmap"
        case .rgb24(let width, let height): "application/x-graftd-rgb24; width=\(width); height=\(height)"
        }
    }
}

/// A media type's parts between semicolons, without the white space that HTTP allows around them.
private struct MediaTypeParts {
    /// What has not been read; nil after the last part.
    var rest: Substring.UTF8View?

    mutating func next() -> Substring.UTF8View? {
        guard let text = rest else { return nil }
        let end = text.firstIndex(of: UInt8(ascii: ";"))
        rest = end.map { text[$0...].dropFirst() }
        var part = text[..<(end ?? text.endIndex)]
        func isBlank(_ byte: UInt8?) -> Bool { byte == 0x20 || byte == 0x09 }
        while isBlank(part.first) { part.removeFirst() }
        while isBlank(part.last) { part.removeLast() }
        return part
    }
}

extension Substring.UTF8View {
    /// Whether it is `name`, which is in small letters, but for the case of letters.
    fileprivate func isSame(as name: String) -> Bool {
        lazy.map { 0x41...0x5a ~= $0 ? $0 | 0x20 : $0 }.elementsEqual(name.utf8)
    }
}
