import Foundation

/// What the file of a whole version says about itself: a backbone and a head together, as the daemon sends them.
///
/// The file holds the backbone's tensors under their canonical names, each after ``backbonePrefix``, and the head's; what the
/// backbone's own file said is kept under keys with the same prefix.
package struct ModelMetadata: Sendable, Equatable {
    package static let format = "graftd-model-1"
    package static let backbonePrefix = "backbone."
    /// Before the names of the parameters that the version has of its own, instead of the backbone's.
    package static let topPrefix = "top."

    /// The version; 0 for the analytic head.
    package var version: Int
    /// How many changes the daemon had learned since that version's snapshot.
    package var revision: Int
    /// The labels' names, in the order of the head's rows.
    package var labels: [String]
    /// Labels that the daemon knew and the head does not, by name.
    package var missingLabels: [String]
    /// The entries of the backbone's file; see ``BackboneMetadata``.
    package var backbone: [String: String]

    package init(
        version: Int, revision: Int, labels: [String], missingLabels: [String], backbone: [String: String]
    ) {
        self.version = version
        self.revision = revision
        self.labels = labels
        self.missingLabels = missingLabels
        self.backbone = backbone
    }

    /// Reads what ``entries`` writes.
    ///
    /// - Throws: `missingMetadata`, `unknownFormat`, or `malformed` for an entry that cannot be read.
    package init(_ entries: [String: String]) throws(CheckpointError) {
        func text(_ key: String) throws(CheckpointError) -> String {
            guard let text = entries[key] else { throw .missingMetadata(key: key) }
            return text
        }
        func number(_ key: String) throws(CheckpointError) -> Int {
            guard let number = Int(try text(key)) else { throw .malformed(detail: "'\(key)' is no whole number") }
            return number
        }
        func names(_ key: String) throws(CheckpointError) -> [String] {
            let text = try text(key)
            guard let names = try? JSONDecoder().decode([String].self, from: Data(text.utf8)) else {
                throw .malformed(detail: "'\(key)' is no list of names")
            }
            return names
        }
        let format = try text("format")
        guard format == Self.format else { throw .unknownFormat(expected: Self.format, found: format) }
        version = try number("version")
        revision = try number("revision")
        labels = try names("labels")
        missingLabels = try names("missing_labels")
        let prefix = Self.backbonePrefix
        backbone = entries.reduce(into: [:]) { backbone, entry in
            if entry.key.hasPrefix(prefix) { backbone[String(entry.key.dropFirst(prefix.count))] = entry.value }
        }
    }

    /// The entries of the file's metadata.
    package var entries: [String: String] {
        var entries = [
            "format": Self.format, "version": "\(version)", "revision": "\(revision)", "labels": json(labels),
            "missing_labels": json(missingLabels),
        ]
        for (key, value) in backbone { entries[Self.backbonePrefix + key] = value }
        return entries
    }
}

/// `names` as a JSON array.
package func json(_ names: [String]) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.withoutEscapingSlashes]
    guard let data = try? encoder.encode(names) else { preconditionFailure("names are always JSON") }
    return String(decoding: data, as: UTF8.self)
}
