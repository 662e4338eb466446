import GraftCheckpoint
import GraftLearning
import GraftNetwork

/// A version as an ONNX file: `image` `[N, 3, S, S]`, prepared as the preprocessing says, to `probabilities` `[N, L]`, with
/// the head of whatever kind in the graph.
package struct ONNXExport: Sendable {
    private let model: ExportedModel

    private static let input = "image"
    private static let output = "probabilities"

    package init(_ model: ExportedModel) { self.model = model }

    /// Writes the file, all or nothing, with no more than one layer's weights in memory.
    ///
    /// - Throws: `notAVector`, `tooLarge`, or `checkpoint`.
    package func write(to path: String) throws(ExportError) {
        let side = model.preprocessing.cropSide
        var network = NetworkWriter(into: ONNXGraph(reserved: [Self.input, Self.output])) {
            [model] parameter throws(CheckpointError) in try model.elements(parameter)
        }
        let features = network.add(
            model.architecture,
            input: .init(name: Self.input, shape: MapShape(height: side, width: side, channels: 3)))
        guard features.shape == MapShape(height: 1, width: 1, channels: model.head.featureCount) else {
            let shape = features.shape
            throw .notAVector(found: [shape.height, shape.width, shape.channels])
        }
        var graph = network.graph
        let vector = graph.add("Flatten", "features", [features.name], [("axis", .integer(1))])
        graph.add(model.head, of: vector, output: Self.output)
        try ONNXFile(
            name: model.architecture.name, graph: graph,
            input: .init(
                name: Self.input, shape: [.open("N"), .fixed(3), .fixed(side), .fixed(side)]),
            output: .init(name: Self.output, shape: [.open("N"), .fixed(model.labels.count)]),
            metadata: model.descriptiveMetadata
        ).write(to: path)
    }

    /// A few lines of Python that load the file.
    package func snippet(path: String) -> String {
        let side = model.preprocessing.cropSide
        return """
            import json, onnxruntime
            session = onnxruntime.InferenceSession(\(quoted(path)))
            labels = json.loads(session.get_modelmeta().custom_metadata_map['labels'])
            probabilities = session.run(None, {'\(Self.input)': image})[0]  # image: float32 [N, 3, \(side), \(side)]
            print(labels[probabilities[0].argmax()])
            """
    }
}

extension ONNXGraph {
    /// Adds `head` over the plain features called `features` `[N, D]`; its probabilities are called `output`.
    fileprivate mutating func add(_ head: VersionHead, of features: String, output: String) {
        let values =
            switch head.space {
            case .plain: features
            case .roots: addRoots(of: features)
            }
        let logits =
            switch head {
            case .linear(let head):
                addDense("logits", of: values, "head", weights: head.weights, bias: head.bias)
            case .mlp(let head):
                addDense(
                    "logits",
                    of: add(
                        "Relu", "hidden",
                        [
                            addDense(
                                "hidden.sum", of: values, "head.hidden", weights: head.hiddenWeights,
                                bias: head.hiddenBias)
                        ]), "head", weights: head.weights, bias: head.bias)
            }
        let divided = add("Div", "logits.divided", [logits, scalar(head.temperature)])
        finish("Softmax", output, [divided], [("axis", .integer(1))])
    }

    /// A dense layer with weights `[outputs, inputs]`, which are called after `place`.
    private mutating func addDense(
        _ name: String, of input: String, _ place: String, weights: [Float], bias: [Float]
    ) -> String {
        let weight = Constant(
            name: unused("\(place).weight"), shape: [bias.count, weights.count / bias.count], elements: .floats)
        let offset = Constant(name: unused("\(place).bias"), shape: [bias.count], elements: .floats)
        add(
            ConstantGroup(constants: [weight, offset]) { () throws(CheckpointError) in
                [weights.span.bytes.copied(), bias.span.bytes.copied()]
            })
        return add("Gemm", name, [input, weight.name, offset.name], [("transB", .integer(1))])
    }

    /// Signed square roots, as ``ImageFeatures`` has them.
    private mutating func addRoots(of features: String) -> String {
        let magnitudes = add("Sqrt", "roots.magnitude", [add("Abs", "features.magnitude", [features])])
        let limit = scalar(Float(RootFeatures.valueLimit) / RootFeatures.scale)
        let limited = add("Min", "roots.limited", [magnitudes, limit])
        return add("Mul", "roots", [limited, add("Sign", "features.sign", [features])])
    }
}
