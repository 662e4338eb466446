import GraftNetwork

// Operators element by element, and maps side by side.

extension Lowering {
    typealias Appending = (inout MapGraph, Int, MapGraph.Origin) throws(ImportError) -> Int

    /// What `append` makes of the first input, a map of the same shape in the same layout.
    mutating func apply(_ call: Call, _ append: Appending) throws(ImportError) -> MapValue {
        let input = try call.image()
        let node = try append(&maps, input.node, call.origin)
        return input.with(node, input.map)
    }

    mutating func activation(_ call: Call, _ activation: Activation) throws(ImportError) -> MapValue {
        try apply(call) { maps, x, origin throws(ImportError) in
            try maps.append(.activation(activation), [x], shape: maps[x].shape, origin: origin)
        }
    }

    mutating func clip(_ call: Call, _ lower: Double, _ upper: Double) throws(ImportError) -> MapValue {
        try apply(call) { maps, x, origin throws(ImportError) in
            try maps.appendClip(lower, upper, x, origin: origin)
        }
    }

    mutating func clip(_ call: Call) throws(ImportError) -> MapValue {
        guard call.map(1) == nil, call.map(2) == nil else {
            throw call.unsupported("its bounds are computed from the image")
        }
        let lower = try folding.optionalReal(call.node, "min", call.constants, 1) ?? -.infinity
        let upper = try folding.optionalReal(call.node, "max", call.constants, 2) ?? .infinity
        let largest = Double(Float.greatestFiniteMagnitude)
        return try clip(call, lower <= -largest ? -.infinity : lower, upper >= largest ? .infinity : upper)
    }

    /// A Max or Min of a map and numbers.
    mutating func bound(_ call: Call) throws(ImportError) -> MapValue {
        guard let place = call.inputs.indices.first(where: { call.map($0) != nil }), let input = call.map(place) else {
            preconditionFailure("one input is a map")
        }
        var (lower, upper) = (-Double.infinity, Double.infinity)
        for i in call.inputs.indices where i != place {
            guard let bound = call.constant(i), bound.count == 1, bound.shape.count <= input.axes.count else {
                throw call.unsupported("it compares a map with something else than a number")
            }
            let number = try folding.memory.reals(bound)[0]
            if call.node.operation == "Max" { lower = max(lower, number) } else { upper = min(upper, number) }
        }
        return input.with(try maps.appendClip(lower, upper, input.node, origin: call.origin), input.map)
    }

    mutating func hardSigmoid(_ call: Call) throws(ImportError) -> MapValue {
        let (alpha, beta) = (try call.node.float("alpha") ?? 0.2, try call.node.float("beta") ?? 0.5)
        guard Affine(scale: [alpha], shift: [beta]).isAbout(1 / 6, 0.5) else {
            throw call.unsupported("its alpha is \(alpha) and its beta \(beta), expected 1/6 and 0.5")
        }
        return try activation(call, .hardSigmoid)
    }

    mutating func swish(_ call: Call) throws(ImportError) -> MapValue {
        let alpha = try call.node.float("alpha") ?? 1
        guard alpha == 1 else { throw call.unsupported("its alpha is \(alpha), expected 1") }
        return try activation(call, .silu)
    }

    mutating func gelu(_ call: Call) throws(ImportError) -> MapValue {
        let form = try call.node.text("approximate") ?? "none"
        guard form == "none" else { throw call.unsupported("it is approximated by '\(form)'") }
        return try activation(call, .gelu)
    }

    // MARK: - Sums and products

    mutating func arithmetic(_ call: Call) throws(ImportError) -> MapValue {
        if call.node.operation == "Neg" { return try scaled(try call.image(), call, scale: [-1], shift: [0]) }
        guard !call.inputs.isEmpty, call.node.operation == "Sum" || call.inputs.count == 2 else {
            throw .malformed(detail: "it has \(call.inputs.count) inputs")
        }
        var result = call.inputs[0]
        for i in call.inputs.indices.dropFirst() {
            switch (result, call.inputs[i]) {
            case (.map(let a), .map(let b)): result = .map(try combined(call, a, b))
            case (.map(let a), .constant(let b)): result = .map(try combined(call, a, with: b, constantFirst: false))
            case (.constant(let a), .map(let b)): result = .map(try combined(call, b, with: a, constantFirst: true))
            case (.constant(let a), .constant(let b)): result = .constant(try folding.memory.applied(.Add, a, b))
            default: throw .malformed(detail: "input \(i) is missing")
            }
        }
        guard case .map(let value) = result else { preconditionFailure("one input is a map") }
        return value
    }

    private mutating func scaled(
        _ value: MapValue, _ call: Call, scale: [Double], shift: [Double]
    ) throws(ImportError) -> MapValue {
        let affine = Affine(scale: scale, shift: shift)
        return value.with(try maps.appendAffine(affine, value.node, origin: call.origin), value.map)
    }

    private mutating func combined(
        _ call: Call, _ value: MapValue, with constant: Constant, constantFirst: Bool
    ) throws(ImportError) -> MapValue {
        let (items, value) = try items(of: constant, alongChannelsOf: value, call)
        switch call.node.operation {
        case "Add", "Sum": return try scaled(value, call, scale: [1], shift: items)
        case "Mul": return try scaled(value, call, scale: items, shift: [0])
        case "Sub" where constantFirst: return try scaled(value, call, scale: [-1], shift: items)
        case "Sub": return try scaled(value, call, scale: [1], shift: items.map { -$0 })
        case "Div" where !constantFirst: return try scaled(value, call, scale: items.map { 1 / $0 }, shift: [0])
        default: throw call.unsupported("it divides by a map")
        }
    }

    /// The elements of `constant` for each channel of `value`, or a single one; and `value` in the result's layout.
    private mutating func items(
        of constant: Constant, alongChannelsOf value: MapValue, _ call: Call
    ) throws(ImportError) -> (items: [Double], value: MapValue) {
        let missing = constant.shape.count - value.axes.count
        let value = missing > 0 ? value.with(axes: .init(repeating: .unit, count: missing) + value.axes) : value
        let offset = value.axes.count - constant.shape.count
        let isPerChannel = constant.shape.indices.allSatisfy { i in
            constant.shape[i] == 1 || value.isChannel(offset + i) && constant.shape[i] == value.map.channels
        }
        guard isPerChannel || broadcast(constant.shape, value.shape) == value.shape else {
            throw call.unsupported("a map of shape \(value.shape) meets a constant of shape \(constant.shape)")
        }
        let items = try folding.memory.reals(constant)
        if let first = items.first, items.allSatisfy({ $0 == first }) { return ([first], value) }
        guard isPerChannel else {
            throw call.unsupported("its constant of shape \(constant.shape) is not the same for every pixel")
        }
        return (items, value)
    }

    private mutating func combined(_ call: Call, _ a: MapValue, _ b: MapValue) throws(ImportError) -> MapValue {
        let shapes = "maps of shapes \(a.shape) and \(b.shape)"
        guard let axes = a.commonAxes(b) else { throw call.unsupported("\(shapes) meet in different axes") }
        let operation = call.node.operation
        if operation == "Mul" {
            guard a.map == b.map || a.map.channels == b.map.channels && min(a.map.pixels, b.map.pixels) == 1 else {
                throw call.unsupported("it multiplies \(shapes)")
            }
            let (large, small) = a.map.pixels >= b.map.pixels ? (a, b) : (b, a)
            let node = try maps.appendProduct(large.node, small.node, origin: call.origin)
            return MapValue(node: node, map: large.map, axes: axes)
        }
        guard operation != "Div" else { throw call.unsupported("it divides by a map") }
        guard a.map == b.map else { throw call.unsupported("it adds \(shapes)") }
        let second = operation == "Sub" ? try scaled(b, call, scale: [-1], shift: [0]) : b
        let node = try maps.append(.sum(.none), [a.node, second.node], shape: a.map, origin: call.origin)
        return MapValue(node: node, map: a.map, axes: axes)
    }

    mutating func concatenation(_ call: Call) throws(ImportError) -> MapValue {
        var parts: [MapValue] = []
        for i in call.inputs.indices {
            guard let part = call.map(i) else { throw call.unsupported("one of its inputs is constant") }
            parts.append(part)
        }
        let first = parts[0]
        let axis = try checkedAxis(try call.node.integer("axis") ?? 1, rank: first.axes.count)
        var channels = 0
        for part in parts {
            var layout = first.axes
            layout[axis] = .channel
            var own = part.axes
            guard own.count == layout.count, part.isChannel(axis), part.map.height == first.map.height,
                part.map.width == first.map.width
            else {
                throw call.unsupported("it joins maps of shapes \(first.shape) and \(part.shape) along side \(axis)")
            }
            own[axis] = .channel
            guard part.with(axes: own).isLaidOut(layout) else {
                throw call.unsupported("it joins maps that are laid out differently")
            }
            channels += part.map.channels
        }
        if parts.count == 1 { return first }
        // As many as a layer takes.
        guard parts.count <= 4096 else { throw call.unsupported("it joins \(parts.count) maps") }
        let shape = MapShape(height: first.map.height, width: first.map.width, channels: channels)
        let node = try maps.append(.concatenation, parts.map(\.node), shape: shape, origin: call.origin)
        var axes = first.axes
        axes[axis] = .channel
        return MapValue(node: node, map: shape, axes: axes)
    }
}
