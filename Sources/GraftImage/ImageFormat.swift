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
        let parts = mediaType.split(separator: ";", omittingEmptySubsequences: false).map { $0.trimmed().lowercased() }
        switch parts[0] {
        case "image/jpeg": self = .jpeg
        case "image/png": self = .png
        case "image/x-portable-pixmap": self = .ppm
        case "application/x-graftd-rgb24":
            var sides: [Substring: Int] = [:]
            for parameter in parts.dropFirst() {
                let pair = parameter.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                guard pair.count == 2, ["width", "height"].contains(pair[0]) else { continue }
                var digits = pair[1]
                if digits.count > 2, digits.first == "\"", digits.last == "\"" {
                    digits = digits.dropFirst().dropLast()
                }
                guard sides[pair[0]] == nil, let side = Self.side(digits) else { return nil }
                sides[pair[0]] = side
            }
            guard let width = sides["width"], let height = sides["height"] else { return nil }
            self = .rgb24(width: width, height: height)
        default: return nil
        }
    }

    /// A number of pixels from digits alone, 1...2^31-1.
    private static func side(_ digits: Substring) -> Int? {
        guard digits.allSatisfy({ $0.isASCII && $0.isNumber }), let side = Int32(digits), side >= 1 else { return nil }
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

extension StringProtocol {
    /// Without the white space that HTTP allows around a parameter.
    fileprivate func trimmed() -> SubSequence {
        let blank: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        guard let first = firstIndex(where: { !blank($0) }), let last = lastIndex(where: { !blank($0) }) else {
            return self[endIndex...]
        }
        return self[first...last]
    }
}
