import GraftAPI
import GraftCheckpoint
import GraftLearning

/// A version and its backbone as one safetensors file (``ModelMetadata``), which is read from the disk while it is sent and
/// never is in memory as a whole.
package final class VersionExport: Sendable {
    private let backbone: SafetensorsFile
    /// The head's tensors, and the parameters that are the version's own.
    private let head: StateDict
    private let layout: SafetensorsLayout

    private static let pieceLength = 1 << 20

    /// - Throws: `tooLarge` for more labels than a header holds.
    init(_ named: NamedHead, backbone: SafetensorsFile) throws(CheckpointError) {
        var head = named.head.stateDict()
        for name in named.own.names { head.add(named.own[name]!, as: name) }
        let metadata = ModelMetadata(
            version: named.reference.version, revision: named.reference.revision, labels: named.labels,
            missingLabels: named.missingLabels, backbone: backbone.metadata)
        let trunk = backbone.tensors.map {
            SafetensorsLayout.Tensor(
                ModelMetadata.backbonePrefix + $0.name, elementType: $0.elementType, shape: $0.shape)
        }
        let own = head.names.map { name in
            let tensor = head[name]!
            return SafetensorsLayout.Tensor(name, elementType: tensor.elementType, shape: tensor.shape)
        }
        layout = try SafetensorsLayout(
            trunk + own, metadata: metadata.entries.merging(named.head.metadata) { $1 })
        self.backbone = backbone
        self.head = head
    }

    /// The length of the file in bytes.
    package var byteCount: Int { layout.byteCount }

    /// Hands the file to `send`, in order, a piece at a time.
    package func forEachPiece(_ send: ([UInt8]) async throws -> Void) async throws {
        try await send(layout.head)
        let prefix = ModelMetadata.backbonePrefix
        for tensor in layout.tensors {
            guard tensor.name.hasPrefix(prefix) else {
                try await send(head[tensor.name]!.bytes)
                continue
            }
            let name = String(tensor.name.dropFirst(prefix.count))
            var offset = 0
            while true {
                let piece = backbone.storedBytes(name, from: offset, count: Self.pieceLength)
                guard !piece.isEmpty else { break }
                try await send(piece)
                offset += piece.count
            }
        }
    }
}
