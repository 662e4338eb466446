import GraftNetwork

/// Turns a resolved graph into a ``MapGraph``, node by node: constants are computed, shapes follow from the input's, and
/// what only moves axes about costs nothing.
///
/// An operator that is not supported becomes an opaque node with its error: it may belong to the classifier, which is
/// cut off.
struct Lowering {
    let graph: ResolvedGraph
    var folding: ConstantFolding
    var maps: MapGraph
    private var values: [GraphValue?]

    init(_ graph: ResolvedGraph, memory: ConstantMemory, image: ImageInput) {
        self.graph = graph
        folding = ConstantFolding(memory: memory)
        let map = MapShape(height: image.side, width: image.side, channels: 3)
        maps = MapGraph(image: map, tensor: graph.names[graph.inputTensor])
        values = Array(repeating: nil, count: graph.names.count)
        for (tensor, initializer) in graph.initializers {
            values[tensor] = .constant(Constant(initializer, source: initializer.name))
        }
        values[graph.inputTensor] = .map(MapValue(node: 0, map: map, axes: image.axes))
    }

    /// Lowers every node.
    ///
    /// - Returns: The node that makes the graph's output.
    mutating func run() throws(ImportError) -> Int {
        for node in graph.nodes {
            do throws(ImportError) {
                try run(node)
            } catch {
                guard case .malformed(let detail) = error else { throw error }
                throw .malformed(detail: "node '\(node.label)' (\(node.operation)): \(detail)")
            }
        }
        switch values[graph.output] {
        case .map(let value): return value.node
        case .opaque(let node): return node
        case .missing(let error): throw error
        case .constant, nil: throw .malformed(detail: "the graph's output does not depend on its input")
        }
    }

    private mutating func run(_ node: ResolvedGraph.Node) throws(ImportError) {
        let inputs = node.inputs.map { $0.flatMap { values[$0] } }
        let before = inputs.compactMap { input in
            switch input {
            case .map(let value): value.node
            case .opaque(let node): node
            case .constant, .missing, nil: nil
            }
        }
        do throws(ImportError) {
            for input in inputs {
                switch input {
                case .missing(let error): throw error
                case .opaque(let first):
                    guard case .opaque(let opaque) = maps[first].operation else { preconditionFailure("not opaque") }
                    throw opaque.error
                case .constant, .map, nil: continue
                }
            }
            if before.isEmpty {
                try fold(node, inputs)
            } else if let result = try lower(Call(node: node, inputs: inputs, origin: origin(of: node))) {
                if let output = node.outputs.first.flatMap(\.self) { values[output] = result }
            } else {
                throw unsupported(
                    node,
                    graph.functions.contains(node.operation)
                        ? "the file itself defines it; replace it by what it stands for with onnx.inliner"
                        : "it is not supported")
            }
        } catch {
            guard case .unsupportedOperator = error else { throw error }
            try setOutputs(of: node, before: before, error)
        }
    }

    private mutating func fold(_ node: ResolvedGraph.Node, _ inputs: [GraphValue?]) throws(ImportError) {
        let constants = inputs.map { input -> Constant? in
            if case .constant(let constant) = input { constant } else { nil }
        }
        guard let results = try folding.outputs(of: node, constants) else {
            throw unsupported(node, "it is not computed on constants")
        }
        for (output, result) in zip(node.outputs, results) {
            if let output { values[output] = .constant(result) }
        }
    }

    /// Lets whoever uses the outputs of `node` have `error`.
    private mutating func setOutputs(
        of node: ResolvedGraph.Node, before: [Int], _ error: ImportError
    ) throws(ImportError) {
        var value = GraphValue.missing(error)
        if !before.isEmpty {
            let opaque = MapGraph.Opaque(
                error: error, beginsClassifier: Self.classifierOperators.contains(node.operation))
            value = .opaque(try append(opaque, before, origin(of: node)))
        }
        for output in node.outputs.compactMap(\.self) { values[output] = value }
    }

    private static let classifierOperators: Set<String> = ["Softmax", "LogSoftmax", "ArgMax", "TopK", "Hardmax"]

    mutating func append(
        _ opaque: MapGraph.Opaque, _ inputs: [Int], _ origin: MapGraph.Origin
    ) throws(ImportError) -> Int {
        try maps.append(.opaque(opaque), inputs, shape: MapShape(height: 1, width: 1, channels: 1), origin: origin)
    }

    private func origin(of node: ResolvedGraph.Node) -> MapGraph.Origin {
        let output = node.outputs.first.flatMap(\.self)
        return .init(
            tensor: output.map { graph.names[$0] } ?? node.label, label: node.label, operatorName: node.operation)
    }

    // MARK: - Operators

    /// A node with what its inputs are.
    struct Call {
        let node: ResolvedGraph.Node
        let inputs: [GraphValue?]
        let origin: MapGraph.Origin

        func map(_ i: Int) -> MapValue? {
            if i < inputs.count, case .map(let value) = inputs[i] { value } else { nil }
        }

        func constant(_ i: Int) -> Constant? {
            if i < inputs.count, case .constant(let constant) = inputs[i] { constant } else { nil }
        }

        /// The inputs that are constant, in their places.
        var constants: [Constant?] { inputs.indices.map(constant) }

        func unsupported(_ detail: String) -> ImportError {
            .unsupportedOperator(operator: node.operation, node: node.label, detail: detail)
        }

        /// The map that is the first input.
        func image() throws(ImportError) -> MapValue {
            guard let value = map(0) else { throw unsupported("its first input does not depend on the image") }
            return value
        }

        /// The map that is the first input, laid out `[N, C, H, W]`, which the operator takes it to be.
        func channelsFirstImage() throws(ImportError) -> MapValue {
            let value = try image()
            guard value.isLaidOut(MapValue.channelsFirst) else {
                throw unsupported("its input of shape \(value.shape) is not laid out [N, C, H, W]")
            }
            return value.with(axes: MapValue.channelsFirst)
        }
    }

    private func unsupported(_ node: ResolvedGraph.Node, _ detail: String) -> ImportError {
        .unsupportedOperator(operator: node.operation, node: node.label, detail: detail)
    }

    /// The first output of a node some of whose inputs depend on the image, or nil for an unknown operator.
    private mutating func lower(_ call: Call) throws(ImportError) -> GraphValue? {
        switch call.node.operation {
        case "Conv": .map(try convolution(call))
        case "Gemm": .map(try gemm(call))
        case "MatMul": .map(try matrixProduct(call))
        case "BatchNormalization": .map(try batchNormalization(call))
        case "MaxPool", "AveragePool": .map(try pooling(call))
        case "GlobalAveragePool", "GlobalMaxPool": .map(try globalPooling(call, try call.channelsFirstImage()))
        case "ReduceMean", "ReduceMax": .map(try reduction(call))
        case "Pad": .map(try padding(call))

        case "Relu": .map(try clip(call, 0, .infinity))
        case "Clip": .map(try clip(call))
        case "Sigmoid": .map(try activation(call, .sigmoid))
        case "HardSwish": .map(try activation(call, .hardSwish))
        case "HardSigmoid": .map(try hardSigmoid(call))
        case "Swish": .map(try swish(call))
        case "Gelu": .map(try gelu(call))
        case "Erf":
            .map(
                try apply(call) { maps, x, origin throws(ImportError) in
                    try maps.append(.erf, [x], shape: maps[x].shape, origin: origin)
                })

        case "Add", "Sub", "Mul", "Div", "Neg", "Sum": .map(try arithmetic(call))
        case "Max", "Min": .map(try bound(call))
        case "Concat": .map(try concatenation(call))

        case "Identity", "Dropout": .map(try call.image())
        case "Cast", "CastLike": try cast(call)
        case "Transpose": .map(try transposition(call))
        case "Reshape", "Flatten", "Squeeze", "Unsqueeze": try reshaping(call)
        case "Slice": .map(try slice(call))
        case "Expand": .map(try expansion(call))
        case "Shape": .constant(try shape(call.node, of: try call.image().shape))
        case "Size": .constant(Constant(shape: [], .integers([Int64(try call.image().map.count)])))
        default: nil
        }
    }
}
