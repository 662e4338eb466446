import GraftNetwork

// Operators that look at a window without weights, and zeros around a map.

extension Lowering {
    mutating func pooling(_ call: Call) throws(ImportError) -> MapValue {
        let input = try call.channelsFirstImage()
        guard let kernel = try call.node.integers("kernel_shape"), kernel.count == 2,
            kernel.allSatisfy({ $0 > 0 && $0 <= 1 << 12 })
        else { throw call.unsupported("its window is not two-dimensional") }
        let (height, width) = (Int(kernel[0]), Int(kernel[1]))
        let isMaximum = call.node.operation == "MaxPool"
        guard call.node.outputs.dropFirst().allSatisfy({ $0 == nil }) else {
            throw call.unsupported("its second output, the places of the largest elements, is used")
        }
        var window = try window(call, input.map, height: height, width: width)
        guard window.dilation == 1 else { throw call.unsupported("its window is dilated") }
        let countsPadding = try call.node.integer("count_include_pad") ?? 0 != 0 && !isMaximum
        if window.edges.isEmpty, height == input.map.height, width == input.map.width {
            return try globalPooling(call, input)
        }
        guard height == width else { throw call.unsupported("its window is \(height) × \(width), not square") }
        if height == 1, window.stride == 1, window.edges.isEmpty { return input }
        if try call.node.integer("ceil_mode") ?? 0 != 0 {
            let full = extended(window, kernel: height, input.map)
            guard !countsPadding || full.edges == window.edges else {
                throw call.unsupported("its last window leaves the padding, which it counts")
            }
            window = full
        }
        let pooling = MapPooling(
            kind: isMaximum ? .max : .average(countsPadding: countsPadding && !window.edges.isEmpty), kernel: height,
            stride: window.stride, edges: window.edges, isSame: window.isSame)
        guard window.edges.largest < height else {
            throw call.unsupported("a window of \(height) × \(height) may lie in the padding")
        }
        let shape = MapShape(height: window.height, width: window.width, channels: input.map.channels)
        return input.with(
            try maps.append(.pooling(pooling), [input.node], shape: shape, origin: call.origin), shape)
    }

    /// `window` with one more place along a side where the last would be left out because it is not full; a window that
    /// would start behind the map and the zeros before it is left out all the same.
    private func extended(_ window: Window, kernel: Int, _ map: MapShape) -> Window {
        func along(_ side: Int, _ before: Int, _ after: Int) -> (count: Int, after: Int) {
            let spare = side + before + after - kernel
            var count = (spare + window.stride - 1) / window.stride + 1
            if (count - 1) * window.stride >= side + before { count -= 1 }
            return (count, max(after, (count - 1) * window.stride + kernel - side - before))
        }
        let rows = along(map.height, window.edges.top, window.edges.bottom)
        let columns = along(map.width, window.edges.left, window.edges.right)
        var edges = window.edges
        (edges.bottom, edges.right) = (rows.after, columns.after)
        return Window(
            stride: window.stride, dilation: 1, edges: edges, isSame: false, height: rows.count, width: columns.count)
    }

    /// The mean or the largest of all pixels.
    mutating func globalPooling(_ call: Call, _ input: MapValue) throws(ImportError) -> MapValue {
        guard input.map.pixels > 1 else { return input }
        let shape = MapShape(height: 1, width: 1, channels: input.map.channels)
        let isMean = ["GlobalAveragePool", "AveragePool", "ReduceMean"].contains(call.node.operation)
        guard isMean || input.map.height == input.map.width else {
            throw call.unsupported("its window is \(input.map.height) × \(input.map.width), not square")
        }
        let operation: MapGraph.Operation =
            isMean
            ? .mean
            : .pooling(MapPooling(kind: .max, kernel: input.map.height, stride: 1, edges: Edges(), isSame: false))
        return input.with(try maps.append(operation, [input.node], shape: shape, origin: call.origin), shape)
    }

    /// A ReduceMean or ReduceMax over all pixels.
    mutating func reduction(_ call: Call) throws(ImportError) -> MapValue {
        let input = try call.image()
        let axes = try folding.axes(call.node, call.constants, rank: input.axes.count) ?? []
        let isEmpty = try call.node.integer("noop_with_empty_axes") ?? 0 == 0 && axes.isEmpty
        let kinds = isEmpty ? input.axes : axes.map { input.axes[$0] }
        for axis in [MapValue.Axis.height, .width, .channel] where input.side(axis) > 1 {
            guard kinds.contains(axis) == (axis != .channel) else {
                throw call.unsupported("it is over the sides \(axes) of \(input.shape), not over both of the image's")
            }
        }
        let pooled = try globalPooling(call, input)
        guard try call.node.integer("keepdims") ?? 1 == 0 else { return pooled }
        let rest = pooled.axes.indices.filter { !isEmpty && !axes.contains($0) }
        return pooled.with(axes: rest.map { pooled.axes[$0] })
    }

    mutating func padding(_ call: Call) throws(ImportError) -> MapValue {
        let input = try call.image()
        let mode = try call.node.text("mode") ?? "constant"
        guard mode == "constant" else { throw call.unsupported("its mode is '\(mode)'") }
        let rank = input.axes.count
        let value = try folding.optionalReal(call.node, "value", call.constants, 2) ?? 0
        guard let pads = try folding.optionalIntegers(call.node, "pads", call.constants, 1) else {
            throw call.unsupported("how far it pads is computed from the image")
        }
        var padded = Array(0..<rank)
        if call.constant(3) != nil {
            let numbers = try folding.integers(call.constants, 3)
            padded = try numbers.map { number throws(ImportError) in try checkedAxis(number, rank: rank) }
        }
        guard pads.count == 2 * padded.count else {
            throw .malformed(detail: "\(pads.count) pads for \(padded.count) axes")
        }
        var edges = Edges()
        for (i, axis) in padded.enumerated() {
            let (before, after) = (pads[i], pads[i + padded.count])
            if before == 0, after == 0 { continue }
            guard before >= 0, after >= 0, max(before, after) <= 1 << 12 else {
                throw call.unsupported("it pads by \(before) and \(after)")
            }
            switch input.axes[axis] {
            case .height: (edges.top, edges.bottom) = (edges.top + Int(before), edges.bottom + Int(after))
            case .width: (edges.left, edges.right) = (edges.left + Int(before), edges.right + Int(after))
            case .channel, .unit:
                throw call.unsupported("it pads side \(axis) of \(input.shape), which is not the image's")
            }
        }
        if edges.isEmpty { return input }
        guard edges.largest <= MapGraph.edgeLimit else { throw call.unsupported("it pads by \(edges.largest)") }
        let shape = MapShape(
            height: input.map.height + edges.top + edges.bottom, width: input.map.width + edges.left + edges.right,
            channels: input.map.channels)
        // What TensorFlow pads by before a maximum.
        let fill = value <= -Double(Float.greatestFiniteMagnitude) ? -Double.infinity : value
        guard fill == 0 || fill == -.infinity else { throw call.unsupported("it pads with \(value)") }
        return input.with(
            try maps.append(.padding(edges, value: fill), [input.node], shape: shape, origin: call.origin), shape)
    }
}
