import GraftCheckpoint
import GraftImage
import GraftLearning
import GraftNetwork

/// A version with its backbone, as the daemon sent it: the start of every export. Weights are read from the file when they
/// are asked for.
package struct ExportedModel: Sendable {
    package let metadata: ModelMetadata
    package let head: VersionHead
    package let architecture: Architecture
    let backbone: BackboneMetadata
    private let file: SafetensorsFile
    /// The names of the tensors in `file`.
    private let names: Set<String>

    /// Reads the file at `path` and compares every byte of the backbone with its fingerprint.
    ///
    /// - Throws: `checkpoint` for a file that is cut short, changed, or of another format; what this version does not know.
    package init(path: String) throws(ExportError) {
        let (file, metadata, backbone) = try checkpoint { () throws(CheckpointError) in
            let file = try SafetensorsFile(path: path)
            let metadata = try ModelMetadata(file.metadata)
            let backbone = try BackboneMetadata(metadata.backbone)
            try file.verifyFingerprint(of: backbone, prefix: ModelMetadata.backbonePrefix)
            return (file, metadata, backbone)
        }
        let architecture: Architecture
        do {
            architecture = try Architecture(backbone)
        } catch {
            throw .unusableNetwork(detail: error.description)
        }
        head = try checkpoint { () throws(CheckpointError) in
            try VersionHead(file: file, featureCount: architecture.featureCount)
        }
        guard head.labels.count == metadata.labels.count else {
            throw .labelCount(names: metadata.labels.count, rows: head.labels.count)
        }
        self.file = file
        names = Set(file.names)
        self.metadata = metadata
        self.backbone = backbone
        self.architecture = architecture
    }

    package var preprocessing: Preprocessing { architecture.preprocessing }

    /// The labels' names, in the order of the outputs. `[L]`
    package var labels: [String] { metadata.labels }

    /// What the head is over: `roots` or `plain`.
    package var features: String { head.space.rawValue }

    /// What an image goes through, in words.
    package var preprocessingSteps: String {
        let preprocessing = preprocessing
        func triple(_ numbers: [Float]) -> String { "(" + numbers.map { "\($0)" }.joined(separator: ", ") + ")" }
        let side = preprocessing.cropSide
        return "shorter side to \(preprocessing.resizeShorterSide) (\(preprocessing.interpolation)), the middle "
            + "\(side) x \(side), \(preprocessing.channelOrder.rawValue.uppercased()) / 255, less "
            + "\(triple(preprocessing.mean)), divided by \(triple(preprocessing.standardDeviation))"
    }

    /// The elements of a parameter of the network, in canonical order: the version's own, or the backbone's.
    func elements(_ parameter: Parameter) throws(CheckpointError) -> [Float] {
        let own = ModelMetadata.topPrefix + parameter.name
        return try file.floats(
            names.contains(own) ? own : ModelMetadata.backbonePrefix + parameter.name, shape: parameter.shape)
    }

    /// What a file in any format says of the model, as texts.
    var descriptiveMetadata: [String: String] {
        [
            "version": "\(metadata.version)", "revision": "\(metadata.revision)", "labels": json(labels),
            "architecture": backbone.architecture, "preprocessing": backbone.preprocessing,
            "head.features": head.space.rawValue, "fingerprint": backbone.fingerprint, "source": backbone.source,
            "source_sha256": backbone.sourceSHA256, "producer": "graftd",
        ]
    }
}
