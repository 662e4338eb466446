import GraftCheckpoint
import GraftNetwork

/// Writes the layers of an architecture as nodes of a graph, in ONNX's layout `[N, C, H, W]`; each batch normalisation is
/// folded into its convolution, as the daemon folds it.
package struct NetworkWriter {
    package var graph: ONNXGraph
    private let elements: @Sendable (Parameter) throws(CheckpointError) -> [Float]

    /// A tensor of the graph: its name, and its shape without the batch.
    package struct Value {
        package let name: String
        package let shape: MapShape

        package init(name: String, shape: MapShape) {
            self.name = name
            self.shape = shape
        }
    }

    /// - Parameters:
    ///   - graph: Where the nodes go.
    ///   - elements: The elements of each parameter, asked for when the file is written.
    package init(
        into graph: ONNXGraph, elements: @escaping @Sendable (Parameter) throws(CheckpointError) -> [Float]
    ) {
        self.graph = graph
        self.elements = elements
    }

    /// Adds every block and returns the last one's output.
    package mutating func add(_ architecture: Architecture, input: Value) -> Value {
        architecture.blocks.reduce(input) { add($1, input: $0) }
    }

    private mutating func add(_ block: Block, input: Value) -> Value {
        var values = [input]
        for node in block.nodes {
            let inputs = node.inputs.map { values[$0] }
            guard let shape = node.layer.output(of: inputs.map(\.shape)) else {
                preconditionFailure("\(block.name).\(node.name) cannot take what it gets")
            }
            let name = add(
                node.layer, "\(block.name).\(node.name)", of: inputs, residual: node.residual.map { values[$0].name },
                output: shape, block: block.name)
            values.append(Value(name: name, shape: shape))
        }
        return values.last!
    }

    /// Adds `layer`, whose result is called `name`, and returns that.
    private mutating func add(
        _ layer: Layer, _ name: String, of inputs: [Value], residual: String?, output: MapShape, block: String
    ) -> String {
        let (input, names) = (inputs[0], inputs.map(\.name))
        switch layer {
        case .convolution(let convolution):
            return add(convolution, name, of: input, residual: residual, output: output, block: block)
        case .pooling(let pooling):
            let pads = pooling.padding.ends(
                input: input.shape, output: output, reach: pooling.kernel, stride: pooling.stride)
            let window: [(name: String, value: ONNXGraph.Attribute)] = [
                ("kernel_shape", .integers([pooling.kernel, pooling.kernel])),
                ("strides", .integers([pooling.stride, pooling.stride])), ("pads", .integers(pads)),
            ]
            switch pooling.kind {
            case .max: return graph.add("MaxPool", name, names, window)
            case .average(let countsPadding):
                return graph.add(
                    "AveragePool", name, names, window + [("count_include_pad", .integer(countsPadding ? 1 : 0))])
            }
        case .globalAveragePooling: return graph.add("GlobalAveragePool", name, names)
        case .sum(.none): return graph.add("Add", name, names)
        case .sum(let activation): return add(activation, name, of: graph.add("Add", "\(name).sum", names))
        case .product: return graph.add("Mul", name, names)
        case .concatenation: return graph.add("Concat", name, names, [("axis", .integer(1))])
        case .activation(.none): return graph.add("Identity", name, names)
        case .activation(let activation): return add(activation, name, of: input.name)
        case .padding(let padding):
            let ends = padding.ends(input: input.shape, output: output, reach: 1, stride: 1)
            // Before the first element of each axis, then after the last.
            let pads = graph.vector([0, 0, ends[0], ends[1], 0, 0, ends[2], ends[3]])
            return graph.add("Pad", name, [input.name, pads])
        }
    }

    private mutating func add(
        _ convolution: Convolution, _ name: String, of input: Value, residual: String?, output shape: MapShape,
        block: String
    ) -> String {
        let weight = ONNXGraph.Constant(
            name: graph.unused("\(name).weight"),
            shape: [
                convolution.outputChannels, convolution.inputChannels / convolution.groups, convolution.kernel,
                convolution.kernel,
            ], elements: .floats)
        let bias = ONNXGraph.Constant(
            name: graph.unused("\(name).bias"), shape: [convolution.outputChannels], elements: .floats)
        graph.add(
            ONNXGraph.ConstantGroup(constants: [weight, bias]) { [elements] () throws(CheckpointError) in
                let folded = try FoldedConvolution(convolution, block: block, parameters: elements)
                let filters = channelsFirst(
                    folded.weight, filters: convolution.outputChannels,
                    places: convolution.kernel * convolution.kernel,
                    channels: convolution.inputChannels / convolution.groups)
                return [filters.span.bytes.copied(), folded.bias.span.bytes.copied()]
            })
        let pads = convolution.padding.ends(
            input: input.shape, output: shape, reach: (convolution.kernel - 1) * convolution.dilation + 1,
            stride: convolution.stride)
        let isLast = residual == nil && convolution.activation == .none
        var output = graph.add(
            "Conv", isLast ? name : "\(name).convolution", [input.name, weight.name, bias.name],
            [
                ("kernel_shape", .integers([convolution.kernel, convolution.kernel])),
                ("strides", .integers([convolution.stride, convolution.stride])),
                ("dilations", .integers([convolution.dilation, convolution.dilation])),
                ("group", .integer(convolution.groups)), ("pads", .integers(pads)),
            ])
        if let residual {
            output = graph.add("Add", convolution.activation == .none ? name : "\(name).sum", [output, residual])
        }
        return add(convolution.activation, name, of: output)
    }

    /// Adds what `activation` does to `input`, whose last node is called `name`; nothing for none.
    private mutating func add(_ activation: Activation, _ name: String, of input: String) -> String {
        switch activation {
        case .none: return input
        case .relu: return graph.add("Relu", name, [input])
        case .relu6: return graph.add("Clip", name, [input, graph.scalar(0), graph.scalar(6)])
        case .silu: return graph.add("Mul", name, [input, graph.add("Sigmoid", "\(name).sigmoid", [input])])
        case .hardSwish: return graph.add("HardSwish", name, [input])
        case .sigmoid: return graph.add("Sigmoid", name, [input])
        case .hardSigmoid:
            return graph.add("HardSigmoid", name, [input], [("alpha", .float(1 / 6)), ("beta", .float(0.5))])
        case .gelu:
            // x · (1 + erf(x / √2)) / 2: an operator of its own only from set 20 on.
            let scaled = graph.add("Mul", "\(name).scaled", [input, graph.scalar(Float(0.5).squareRoot())])
            let error = graph.add("Erf", "\(name).erf", [scaled])
            let shifted = graph.add("Add", "\(name).shifted", [error, graph.scalar(1)])
            let half = graph.add("Mul", "\(name).half", [input, graph.scalar(0.5)])
            return graph.add("Mul", name, [half, shifted])
        }
    }
}

extension Padding {
    /// The zeros on each side of an image, as ONNX lists them: top, left, bottom, right.
    ///
    /// - Parameter reach: How many elements along an axis the window spans.
    fileprivate func ends(input: MapShape, output: MapShape, reach: Int, stride: Int) -> [Int] {
        switch self {
        case .symmetric(let zeros): return [zeros, zeros, zeros, zeros]
        case .explicit(let top, let left, let bottom, let right): return [top, left, bottom, right]
        case .same:
            let top = along(.vertical, input: input.height, kernel: reach, stride: stride).before
            let left = along(.horizontal, input: input.width, kernel: reach, stride: stride).before
            return [
                top, left, max(0, (output.height - 1) * stride + reach - input.height) - top,
                max(0, (output.width - 1) * stride + reach - input.width) - left,
            ]
        }
    }
}
