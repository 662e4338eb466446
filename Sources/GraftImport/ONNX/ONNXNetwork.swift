import GraftCheckpoint
import GraftNetwork

/// A network read from an ONNX file, cut before its classifier.
package struct ONNXNetwork: Sendable {
    /// A chain; the last block's output is `[1, 1, D]`. Each is called like the ONNX tensor that it gives, but for a last
    /// global average pooling that the graph does not have.
    package let blocks: [Block]
    /// The length of the features, D.
    package let featureCount: Int
    /// The side of the images that the graph's shapes were worked out for, pixels.
    package let side: Int
    /// By the parameters' canonical names, in the canonical layout.
    package let weights: StateDict
    /// The initializers that are parameters as they are, but for their layout: their names by the parameters'.
    package let sourceNames: [String: String]
    /// The nodes that were cut off as the classifier.
    package let classifier: [String]
    /// What its user should know.
    package let notes: [String]
}

/// The network in `file`.
///
/// - Parameters:
///   - folder: That of the file; large tensors may be in other files there, and nowhere else.
///   - side: The images' side, pixels; nil for the one that the graph is made for.
/// - Throws: `unsupportedOperator` with the node that has it, `badInput` for a graph that takes something else than an
///   image, `noBackbone`; `truncated`, `malformed`, `tooLarge` or `badTensor` for a damaged file.
package func readONNX(_ file: MappedFile, folder: String, side: Int?) throws(ImportError) -> ONNXNetwork {
    let model = try ONNXModel(file)
    let graph = try ResolvedGraph(model)
    let image = try ImageInput(graph.input, side: side)
    var lowering = Lowering(graph, memory: ConstantMemory(file, folder: folder), image: image)
    let output = try lowering.run()
    let cut = try lowering.maps.cut(before: output)
    var fusion = Fusion(lowering.maps, last: cut.last, memory: lowering.folding.memory)
    try fusion.run()
    let assembly = try BlockAssembly(fusion.maps, last: cut.last, memory: fusion.memory)

    var notes = fusion.notes
    if model.graph.outputs.count > 1 {
        notes.append(
            "the graph has \(model.graph.outputs.count) outputs; '\(model.graph.outputs[0].name)' was followed")
    }
    if cut.classifier.isEmpty { notes.append("no classifier was found; the features are the graph's output") }
    return ONNXNetwork(
        blocks: assembly.blocks, featureCount: fusion.maps[cut.last].shape.channels, side: image.side,
        weights: assembly.weights, sourceNames: assembly.sourceNames, classifier: cut.classifier, notes: notes)
}
