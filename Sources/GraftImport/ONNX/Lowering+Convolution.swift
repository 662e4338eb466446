import GraftNetwork

// Operators with weights.

/// The longest side of a window, its widest step, dilation and margin: far beyond any network, and safe to multiply.
private let windowLimit: Int64 = 1 << 12

extension Lowering {
    mutating func convolution(_ call: Call) throws(ImportError) -> MapValue {
        let input = try call.channelsFirstImage()
        guard let weight = call.constant(1) else { throw call.unsupported("its weights are computed from the image") }
        guard weight.shape.count == 4, weight.count > 0 else {
            throw call.unsupported("its weights have the shape \(weight.shape), expected [O, I, kH, kW]")
        }
        let (output, height, width) = (weight.shape[0], weight.shape[2], weight.shape[3])
        guard let groups = Int(exactly: try call.node.integer("group") ?? 1), groups > 0, output % groups == 0,
            input.map.channels % groups == 0, weight.shape[1] == input.map.channels / groups
        else {
            throw .malformed(
                detail: "weights \(weight.shape) for \(input.map.channels) channels in "
                    + "\(try call.node.integer("group") ?? 1) groups")
        }
        let window = try window(call, input.map, height: height, width: width)
        let bias = try bias(call, 2, count: output)
        let convolution = MapConvolution(
            weight: weight, layout: .convolution, bias: bias, inputChannels: input.map.channels, outputChannels: output,
            kernelHeight: height, kernelWidth: width, stride: window.stride, dilation: window.dilation, groups: groups,
            edges: window.edges, isSame: window.isSame, isFullyConnected: false)
        let shape = MapShape(height: window.height, width: window.width, channels: output)
        return input.with(
            try maps.append(.convolution(convolution), [input.node], shape: shape, origin: call.origin), shape)
    }

    private func bias(_ call: Call, _ i: Int, count: Int) throws(ImportError) -> Constant? {
        guard i < call.inputs.count, call.inputs[i] != nil else { return nil }
        guard let bias = call.constant(i) else { throw call.unsupported("its bias is computed from the image") }
        guard bias.count == count, bias.shape.allSatisfy({ $0 == 1 || $0 == count }) else {
            throw call.unsupported("its bias has the shape \(bias.shape), expected [\(count)]")
        }
        return bias.reshaped(to: [count])
    }

    /// `A · B + C`, where A is a map of one pixel.
    mutating func gemm(_ call: Call) throws(ImportError) -> MapValue {
        let input = try call.image()
        for (name, expected) in [("alpha", 1.0), ("beta", 1)] {
            guard try call.node.float(name) ?? 1 == expected else { throw call.unsupported("its \(name) is not 1") }
        }
        guard try call.node.integer("transA") ?? 0 == 0, input.axes.count == 2 else {
            throw call.unsupported("its first input is no row, but of shape \(input.shape)")
        }
        let isTransposed = try call.node.integer("transB") ?? 0 != 0
        return try fullyConnected(call, input, layout: isTransposed ? .rows : .columns, biasInput: 2)
    }

    mutating func matrixProduct(_ call: Call) throws(ImportError) -> MapValue {
        try fullyConnected(call, try call.image(), layout: .columns, biasInput: nil)
    }

    /// The product of every pixel, the last side of `input`, with the matrix that is the second input.
    private mutating func fullyConnected(
        _ call: Call, _ input: MapValue, layout: MapConvolution.Layout, biasInput: Int?
    ) throws(ImportError) -> MapValue {
        guard let weight = call.constant(1), weight.shape.count == 2, weight.count > 0 else {
            throw call.unsupported("its second input is no constant matrix")
        }
        let (from, to) =
            layout == .rows ? (weight.shape[1], weight.shape[0]) : (weight.shape[0], weight.shape[1])
        guard let last = input.axes.indices.last, input.isChannel(last), input.map.channels == from else {
            throw call.unsupported("its input of shape \(input.shape) does not have \(from) channels last")
        }
        let bias = try biasInput.flatMap { i throws(ImportError) in try self.bias(call, i, count: to) }
        let convolution = MapConvolution(
            weight: weight, layout: layout, bias: bias, inputChannels: from, outputChannels: to, kernelHeight: 1,
            kernelWidth: 1, stride: 1, dilation: 1, groups: 1, edges: Edges(), isSame: false,
            isFullyConnected: input.map.pixels == 1)
        let shape = MapShape(height: input.map.height, width: input.map.width, channels: to)
        let node = try maps.append(.convolution(convolution), [input.node], shape: shape, origin: call.origin)
        // The last side may have been one of 1 that stood for a single channel.
        return MapValue(node: node, map: shape, axes: input.axes.dropLast() + [.channel])
    }

    mutating func batchNormalization(_ call: Call) throws(ImportError) -> MapValue {
        let input = try call.image()
        guard try call.node.integer("training_mode") ?? 0 == 0 else {
            throw call.unsupported("it is in training mode; export the model in eval()")
        }
        guard input.axes.count >= 2, input.isChannel(1) else {
            throw call.unsupported("the second side of its input \(input.shape) is not the channels")
        }
        var parameters: [Constant] = []
        for i in 1...4 {
            guard let parameter = call.constant(i) else {
                throw call.unsupported("its parameters are computed from the image")
            }
            guard parameter.shape == [input.map.channels] else {
                throw .malformed(detail: "a parameter of shape \(parameter.shape) for \(input.map.channels) channels")
            }
            parameters.append(parameter)
        }
        let epsilon = try call.node.float("epsilon") ?? 1e-5
        guard epsilon >= 0, epsilon.isFinite else { throw .malformed(detail: "its epsilon is \(epsilon)") }
        let normalization = Normalization(
            gamma: parameters[0], beta: parameters[1], mean: parameters[2], variance: parameters[3],
            epsilon: epsilon)
        return input.with(
            try maps.append(.normalization(normalization), [input.node], shape: input.map, origin: call.origin),
            input.map)
    }

    // MARK: - Windows

    /// How a window slides over a map, and how many places it has.
    struct Window {
        let stride: Int
        let dilation: Int
        var edges: Edges
        let isSame: Bool
        let height: Int
        let width: Int
    }

    /// The window of `call`, a convolution or pooling of `map`.
    func window(_ call: Call, _ map: MapShape, height: Int, width: Int) throws(ImportError) -> Window {
        let limit = Int(windowLimit)
        guard height > 0, width > 0, height <= limit, width <= limit else {
            throw call.unsupported("its window is \(height) × \(width)")
        }
        func pair(_ name: String) throws(ImportError) -> [Int] {
            let numbers = try call.node.integers(name) ?? [1, 1]
            guard numbers.count == 2, numbers.allSatisfy({ $0 > 0 && $0 <= windowLimit }) else {
                throw call.unsupported("its \(name) are \(numbers.prefix(4))")
            }
            return numbers.map { Int($0) }
        }
        if let kernel = try call.node.integers("kernel_shape"), kernel != [Int64(height), Int64(width)] {
            throw .malformed(detail: "the window is \(kernel.prefix(4)), its weights are \(height) × \(width)")
        }
        let strides = try pair("strides")
        var dilations = try pair("dilations")
        // A window one element wide has nothing to spread.
        if height == 1 { dilations[0] = dilations[1] }
        if width == 1 { dilations[1] = dilations[0] }
        guard dilations[0] == dilations[1] else { throw call.unsupported("its dilations \(dilations) differ") }
        let (stride, dilation) = try (commonStride(call, strides, map, height, width), dilations[0])
        let reach = (height: (height - 1) * dilation + 1, width: (width - 1) * dilation + 1)

        var edges = Edges()
        let mode = try call.node.text("auto_pad") ?? "NOTSET"
        switch mode {
        case "NOTSET":
            let pads = try call.node.integers("pads") ?? [0, 0, 0, 0]
            guard pads.count == 4, pads.allSatisfy({ $0 >= 0 && $0 <= windowLimit }) else {
                throw call.unsupported("its pads are \(pads.prefix(8))")
            }
            edges = Edges(top: Int(pads[0]), left: Int(pads[1]), bottom: Int(pads[2]), right: Int(pads[3]))
        case "VALID": break
        case "SAME_UPPER", "SAME_LOWER":
            let rows = sameEdges(map.height, reach: reach.height, stride: stride, oddFirst: mode == "SAME_LOWER")
            let columns = sameEdges(map.width, reach: reach.width, stride: stride, oddFirst: mode == "SAME_LOWER")
            edges = Edges(top: rows.before, left: columns.before, bottom: rows.after, right: columns.after)
        default: throw call.unsupported("its auto_pad is '\(mode)'")
        }
        guard edges.largest <= MapGraph.edgeLimit else {
            throw call.unsupported("it pads by \(edges.largest)")
        }
        let spare = (
            height: map.height + edges.top + edges.bottom - reach.height,
            width: map.width + edges.left + edges.right - reach.width
        )
        guard spare.height >= 0, spare.width >= 0 else {
            throw call.unsupported(
                "its window is larger than the padded map of \(map.height) × \(map.width); give a larger size")
        }
        return Window(
            stride: stride, dilation: dilation, edges: edges, isSame: mode == "SAME_UPPER",
            height: spare.height / stride + 1, width: spare.width / stride + 1)
    }

    private func commonStride(
        _ call: Call, _ strides: [Int], _ map: MapShape, _ height: Int, _ width: Int
    ) throws(ImportError) -> Int {
        if strides[0] == strides[1] { return strides[0] }
        // A window that covers the map takes no step, however long that would be.
        let pads = try call.node.integers("pads") ?? [0, 0, 0, 0]
        guard height == map.height, width == map.width, pads.allSatisfy({ $0 == 0 }),
            try call.node.text("auto_pad") ?? "NOTSET" == "NOTSET"
        else { throw call.unsupported("its strides \(strides) differ") }
        return 1
    }

    private func sameEdges(
        _ side: Int, reach: Int, stride: Int, oddFirst: Bool
    ) -> (before: Int, after: Int) {
        let total = max(0, ((side + stride - 1) / stride - 1) * stride + reach - side)
        return oddFirst ? (total - total / 2, total / 2) : (total / 2, total - total / 2)
    }
}
