import Foundation
import GraftCheckpoint
import GraftNetwork

/// What came of an import.
package struct ImportedBackbone: Sendable {
    package let report: ImportReport
    /// The network with the preprocessing that was written.
    package let architecture: Architecture
}

/// Brings the checkpoint or graph at `path` into the canonical form and writes it to `output`.
///
/// The same file and options give the same bytes.
///
/// - Throws: `unknownArchitecture`, `noArchitecture`, `unknownBlock`; what the readers throw; `incomplete` with the report
///   and a hint if the trunk's tensors are not all there; `badPreprocessing`, `badConfiguration`; `checkpoint` for a file
///   that cannot be written.
package func importBackbone(
    from path: String, _ options: ImportOptions = ImportOptions(), to output: String
) throws(ImportError) -> ImportedBackbone {
    if let name = options.architecture, Architecture.named(name) == nil {
        throw .unknownArchitecture(name: name, known: Architecture.all.map(\.name))
    }
    let file = try mapped(path)
    let folder = URL(filePath: path).deletingLastPathComponent().path
    let (configurations, unused) = try ModelConfiguration.all(options.configurations, beside: folder)
    var draft =
        isONNX(file)
        ? try BackboneDraft(graph: file, folder: folder, options, configurations)
        : try BackboneDraft(weights: file, options, configurations)
    draft.report.notes += unused
    let inferred = draft.architecture.preprocessing
    for configuration in configurations {
        try draft.prepare(configuration.changes)
        draft.report.notes += configuration.notes
    }
    try draft.prepare(options.preprocessing)
    draft.tellPreprocessing(inferred: inferred)
    try draft.checkSide()
    let metadata = BackboneMetadata(
        architecture: draft.architecture.name, graph: draft.graph, preprocessing: draft.architecture.preprocessingJSON,
        source: URL(filePath: path).lastPathComponent, sourceSHA256: file.digest(), sourceNames: draft.sourceNames,
        weights: draft.weights)
    do throws(CheckpointError) {
        try SafetensorsWriter.write(draft.weights, metadata: metadata.entries, to: output)
    } catch {
        throw .checkpoint(error)
    }
    return ImportedBackbone(report: draft.report, architecture: draft.architecture)
}
