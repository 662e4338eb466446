import Foundation
import GraftCheckpoint
import GraftNetwork

/// Brings the checkpoint at `path` into the canonical form of `architecture` and writes it to `output`.
///
/// The same checkpoint gives the same bytes.
///
/// - Returns: Which tensors were used and which were not.
/// - Throws: `unknownArchitecture`; what ``readStateDict(path:)`` throws; `incomplete` with the report and a hint if
///   the trunk's tensors are not all there; `checkpoint` for a file that cannot be written.
package func importBackbone(
    from path: String, architecture name: String, to output: String
) throws(ImportError) -> ImportReport {
    guard let architecture = Architecture.named(name) else {
        throw .unknownArchitecture(name: name, known: Architecture.all.map(\.name))
    }
    let file = try mapped(path)
    let mapping = try Mapping(try readStateDict(file), onto: architecture)
    guard mapping.report.isComplete else { throw .incomplete(mapping.report, hint: mapping.hint) }
    let prepared = architecture.with(architecture.preprocessing(for: mapping.framework))
    let metadata = BackboneMetadata(
        architecture: prepared.name, preprocessing: prepared.preprocessingJSON,
        source: URL(filePath: path).lastPathComponent, sourceSHA256: file.digest(), weights: mapping.weights)
    do throws(CheckpointError) {
        try SafetensorsWriter.write(mapping.weights, metadata: metadata.entries, to: output)
    } catch {
        throw .checkpoint(error)
    }
    return mapping.report
}
