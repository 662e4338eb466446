import Foundation

/// What the canonical file of a backbone says about itself.
package struct BackboneMetadata: Sendable, Equatable {
    package static let format = "graftd-backbone-1"

    /// The architecture's name, e.g. `efficientnet_lite0`.
    package let architecture: String
    /// The network's blocks, as JSON, where no architecture of that name is known beforehand.
    package let graph: String?
    /// The preprocessing, as JSON.
    package let preprocessing: String
    /// The name of the file that the weights were imported from.
    package let source: String
    /// The SHA-256 of that file.
    package let sourceSHA256: String
    /// What the weights were called there; nil in files of older versions.
    package let sourceNames: SourceNames?
    /// Identifies weights, architecture and preprocessing together: what makes an image's features.
    package let fingerprint: String

    /// The metadata of a backbone with these `weights`, which give the fingerprint.
    package init(
        architecture: String, graph: String? = nil, preprocessing: String, source: String, sourceSHA256: SHA256Digest,
        sourceNames: SourceNames? = nil, weights: StateDict
    ) {
        self.architecture = architecture
        self.graph = graph
        self.preprocessing = preprocessing
        self.source = source
        self.sourceSHA256 = sourceSHA256.description
        self.sourceNames = sourceNames
        var fingerprint = Fingerprint(architecture: architecture, graph: graph, preprocessing: preprocessing)
        for name in Fingerprint.sorted(weights.names) {
            let tensor = weights[name]!
            fingerprint.add(name, shape: tensor.shape, elementType: tensor.elementType, bytes: tensor.bytes.span.bytes)
        }
        self.fingerprint = fingerprint.digest().description
    }

    /// Reads what ``entries`` writes.
    ///
    /// - Throws: `missingMetadata`, or `unknownFormat` for a file that this version does not know.
    package init(_ entries: [String: String]) throws(CheckpointError) {
        func text(_ key: String) throws(CheckpointError) -> String {
            guard let text = entries[key] else { throw .missingMetadata(key: key) }
            return text
        }
        let format = try text("format")
        guard format == Self.format else { throw .unknownFormat(expected: Self.format, found: format) }
        architecture = try text("architecture")
        graph = entries["graph"]
        preprocessing = try text("preprocessing")
        source = try text("source")
        sourceSHA256 = try text("source_sha256")
        do {
            sourceNames = try entries["source_names"].map {
                try JSONDecoder().decode(SourceNames.self, from: Data($0.utf8))
            }
        } catch {
            throw .malformed(detail: "the metadata's 'source_names' cannot be read (\(error))")
        }
        fingerprint = try text("fingerprint")
    }

    /// The entries of the file's metadata.
    package var entries: [String: String] {
        var entries = [
            "format": Self.format, "architecture": architecture, "preprocessing": preprocessing, "source": source,
            "source_sha256": sourceSHA256, "fingerprint": fingerprint,
        ]
        entries["graph"] = graph
        entries["source_names"] = sourceNames.map { names in
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            guard let json = try? encoder.encode(names) else { preconditionFailure("names are no JSON") }
            return String(decoding: json, as: UTF8.self)
        }
        return entries
    }
}

/// Identifies what makes an image's features: SHA-256 over architecture, preprocessing, the graph if there is one, and
/// every canonical weight, in the order of the names' UTF-8.
///
/// Each text goes in with its length before it and each shape with its rank, so that no two contents feed the same
/// bytes.
private struct Fingerprint {
    private var stream = SHA256Stream()

    init(architecture: String, graph: String?, preprocessing: String) {
        add(BackboneMetadata.format)
        add(architecture)
        add(preprocessing)
        if let graph {
            add("graph")
            add(graph)
        }
    }

    mutating func add(_ name: String, shape: [Int], elementType: ElementType, bytes: RawSpan) {
        add(name)
        add(elementType.rawValue)
        add(shape.count)
        for side in shape { add(side) }
        stream.update(bytes)
    }

    func digest() -> SHA256Digest { stream.digest() }

    /// The order in which tensors are added; `<` of strings compares what they look like, not their bytes.
    static func sorted(_ names: [String]) -> [String] {
        names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    private mutating func add(_ text: String) {
        add(text.utf8.count)
        stream.update(Array(text.utf8))
    }

    private mutating func add(_ number: Int) {
        stream.update(withUnsafeBytes(of: Int64(number).littleEndian) { Array($0) })
    }
}

extension SafetensorsFile {
    /// What the file says about itself.
    ///
    /// - Throws: `missingMetadata` or `unknownFormat` if it is no canonical backbone file.
    package func backboneMetadata() throws(CheckpointError) -> BackboneMetadata { try BackboneMetadata(metadata) }

    /// Reads every byte and compares it with the fingerprint that the file carries.
    ///
    /// - Throws: `missingMetadata`, `unknownFormat` or `fingerprintMismatch`.
    package func verifyFingerprint() throws(CheckpointError) {
        try verifyFingerprint(of: try backboneMetadata(), prefix: "")
    }

    /// The same for a file in which the backbone's tensors are those whose names begin with `prefix`.
    package func verifyFingerprint(of metadata: BackboneMetadata, prefix: String) throws(CheckpointError) {
        var fingerprint = Fingerprint(
            architecture: metadata.architecture, graph: metadata.graph, preprocessing: metadata.preprocessing)
        let canonical = names.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
        for name in Fingerprint.sorted(canonical) {
            withStoredTensor(prefix + name) { fingerprint.add(name, shape: $0, elementType: $1, bytes: $2) }
        }
        let found = fingerprint.digest().description
        guard found == metadata.fingerprint else {
            throw .fingerprintMismatch(expected: metadata.fingerprint, found: found)
        }
    }
}
