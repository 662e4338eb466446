import Foundation

/// A label's name: 1 to 200 bytes of UTF-8 in composed form (NFC), without control characters or outer white space.
package struct LabelName: Sendable, Hashable {
    package static let byteLimit = 200
    package let value: String

    /// - Throws: ``StoreError/badLabel(reason:)``.
    package init(checking text: String) throws(StoreError) {
        let value = text.trimmingCharacters(in: .whitespacesAndNewlines).precomposedStringWithCanonicalMapping
        guard !value.isEmpty else {
            throw .badLabel(reason: "a label has at least one visible character, found '\(text)'")
        }
        guard value.utf8.count <= Self.byteLimit else {
            throw .badLabel(reason: "a label has at most \(Self.byteLimit) bytes, found \(value.utf8.count)")
        }
        guard !value.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
            throw .badLabel(reason: "a label has no control characters, such as line breaks")
        }
        self.value = value
    }
}
