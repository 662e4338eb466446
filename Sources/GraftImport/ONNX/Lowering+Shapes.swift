import GraftNetwork

// Operators that leave the elements as they are.

extension Lowering {
    mutating func cast(_ call: Call) throws(ImportError) -> GraphValue {
        // To the type of a map, which is real.
        if let constant = call.constant(0) { return .constant(try folding.memory.real(constant)) }
        let value = try call.image()
        let isReal = call.map(1) != nil
        guard try isReal ? true : !folding.castsToInteger(call.node, call.constants) else {
            throw call.unsupported("it makes integers of a map")
        }
        return .map(value)
    }

    func transposition(_ call: Call) throws(ImportError) -> MapValue {
        let value = try call.image()
        let order = try permutation(call.node, rank: value.axes.count)
        return value.with(axes: order.map { value.axes[$0] })
    }

    /// The map with sides of 1 added or removed; or the beginning of a classifier, if pixels and channels become one side.
    mutating func reshaping(_ call: Call) throws(ImportError) -> GraphValue {
        let value = try call.image()
        let shape = try self.shape(call, of: value)
        if let reshaped = value.reshaped(to: shape) { return .map(reshaped) }
        let detail = "it makes a map of shape \(value.shape) one of shape \(shape)"
        guard shape.filter({ $0 != 1 }).count == 1 else { throw call.unsupported(detail) }
        let opaque = MapGraph.Opaque(
            error: .unsupportedOperator(operator: call.node.operation, node: call.node.label, detail: detail),
            beginsClassifier: true)
        return .opaque(try append(opaque, [value.node], call.origin))
    }

    private mutating func shape(_ call: Call, of value: MapValue) throws(ImportError) -> [Int] {
        switch call.node.operation {
        case "Reshape":
            guard call.map(1) == nil else { throw call.unsupported("its shape is computed from the image") }
            // Before version 5 of the operators it was an attribute, which some converters still write.
            guard let target = try folding.optionalIntegers(call.node, "shape", call.constants, 1) else {
                throw .malformed(detail: "its shape is missing")
            }
            return try reshape(call.node, value.shape, to: target)
        case "Flatten": return try flattened(value.shape, axis: try call.node.integer("axis") ?? 1)
        case "Squeeze":
            return try squeezed(value.shape, try folding.axes(call.node, call.constants, rank: value.axes.count))
        default:
            let added = try folding.optionalIntegers(call.node, "axes", call.constants, 1) ?? []
            return try unsqueezed(value.shape, added)
        }
    }

    mutating func slice(_ call: Call) throws(ImportError) -> MapValue {
        let value = try call.image()
        let slice = try folding.slice(call.node, call.constants, rank: value.axes.count)
        for (i, axis) in slice.axes.enumerated() {
            let side = value.shape[axis]
            let range = try sliceRange(start: slice.starts[i], end: slice.ends[i], step: slice.steps[i], side: side)
            guard range.count == side, range.step > 0 || side == 1 else {
                throw call.unsupported("it takes \(range.count) of the \(side) elements along side \(axis)")
            }
        }
        return value
    }

    mutating func expansion(_ call: Call) throws(ImportError) -> MapValue {
        let value = try call.image()
        let target = try sides(try folding.integers(call.constants, 1))
        guard let shape = broadcast(value.shape, target), let expanded = value.reshaped(to: shape) else {
            throw call.unsupported("it repeats a map of shape \(value.shape) to fill \(target)")
        }
        return expanded
    }
}
