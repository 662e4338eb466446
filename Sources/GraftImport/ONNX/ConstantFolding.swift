/// Computes nodes whose inputs are all constant.
///
/// The operators are those that exporters write around shapes, axes and weights.
struct ConstantFolding {
    var memory: ConstantMemory

    /// The outputs of `node`, or nil for an operator that is not computed.
    ///
    /// - Throws: `malformed` for inputs that the operator does not take; `tooLarge`; `badTensor`.
    mutating func outputs(
        of node: ResolvedGraph.Node, _ inputs: [Constant?]
    ) throws(ImportError) -> [Constant]? {
        func input(_ i: Int) throws(ImportError) -> Constant {
            guard i < inputs.count, let input = inputs[i] else { throw .malformed(detail: "input \(i) is missing") }
            return input
        }
        if let operation = UnaryOperator(rawValue: node.operation) {
            return [try memory.applied(operation, try input(0))]
        }
        if let operation = BinaryOperator(rawValue: node.operation) {
            var result = try input(0)
            // Max and Min take any number; of the others there are two.
            for i in inputs.indices.dropFirst() { result = try memory.applied(operation, result, try input(i)) }
            return [result]
        }
        if let operation = ReductionOperator(rawValue: node.operation) {
            return [try reduced(operation, node, try input(0), inputs)]
        }
        switch node.operation {
        case "Constant": return try constant(node).map { [$0] }
        case "ConstantOfShape": return [try filled(node, shape: try input(0))]
        case "Identity", "Dropout": return [try input(0)]
        case "Shape": return [try shape(node, of: try input(0).shape)]
        case "Size": return [Constant(shape: [], .integers([Int64(try input(0).count)]))]
        case "Cast", "CastLike":
            let isInteger = try castsToInteger(node, inputs)
            return [isInteger ? try memory.integral(try input(0)) : try memory.real(try input(0))]
        case "Reshape":
            return [try input(0).reshaped(to: try reshape(node, try input(0).shape, to: try integers(inputs, 1)))]
        case "Flatten":
            let axis = try node.integer("axis") ?? 1
            return [try input(0).reshaped(to: try flattened(try input(0).shape, axis: axis))]
        case "Squeeze":
            let axes = try axes(node, inputs, rank: try input(0).shape.count)
            return [try input(0).reshaped(to: try squeezed(try input(0).shape, axes))]
        case "Unsqueeze":
            let added = try optionalIntegers(node, "axes", inputs, 1) ?? []
            return [try input(0).reshaped(to: try unsqueezed(try input(0).shape, added))]
        case "Clip":
            var result = try input(0)
            for (i, bound) in [(1, BinaryOperator.Max), (2, .Min)] where i < inputs.count {
                if let limit = inputs[i] { result = try memory.applied(bound, result, limit) }
            }
            return [result]
        case "Transpose":
            return [try memory.transposed(try input(0), try permutation(node, rank: try input(0).shape.count))]
        case "Gather":
            let axis = try checkedAxis(try node.integer("axis") ?? 0, rank: try input(0).shape.count)
            return [try memory.gathered(try input(0), at: try input(1), axis: axis)]
        case "Concat":
            let axis = try checkedAxis(try node.integer("axis") ?? 1, rank: try input(0).shape.count)
            var parts: [Constant] = []
            for i in inputs.indices { parts.append(try input(i)) }
            return [try memory.concatenated(parts, axis: axis)]
        case "Slice": return [try sliced(node, try input(0), inputs)]
        case "Expand":
            return [try memory.expanded(try input(0), to: try sides(try integers(inputs, 1)))]
        case "Tile": return [try memory.tiled(try input(0), repeats: try integers(inputs, 1))]
        case "Range": return [try range(try input(0), try input(1), try input(2))]
        case "Where": return [try memory.chosen(try input(0), try input(1), try input(2))]
        default: return nil
        }
    }

    // MARK: - Making

    private mutating func constant(_ node: ResolvedGraph.Node) throws(ImportError) -> Constant? {
        for (name, value) in node.attributes {
            switch (name, value) {
            case ("value", .tensor(let tensor)): return Constant(tensor)
            case ("value_int", .integer(let value)): return Constant(shape: [], .integers([value]))
            case ("value_ints", .integers(let values)): return Constant(integers: values)
            case ("value_float", .float(let value)): return Constant(shape: [], .reals([Double(value)]))
            case ("value_floats", .floats(let values)):
                return Constant(shape: [values.count], .reals(values.map { Double($0) }))
            case ("value_floats", .integers(let values)) where values.isEmpty:
                return Constant(shape: [0], .reals([]))
            default: continue
            }
        }
        return nil
    }

    private mutating func filled(_ node: ResolvedGraph.Node, shape: Constant) throws(ImportError) -> Constant {
        let shape = try sides(try memory.integers(shape))
        guard let value = node.attributes["value"] else {
            return try memory.expanded(Constant(shape: [], .reals([0])), to: shape)
        }
        guard case .tensor(let tensor) = value, elementCount(tensor.shape) == 1 else {
            throw .malformed(detail: "attribute 'value' should be a tensor of one element")
        }
        return try memory.expanded(Constant(tensor).reshaped(to: []), to: shape)
    }

    private mutating func range(_ start: Constant, _ end: Constant, _ step: Constant) throws(ImportError) -> Constant {
        let numbers = [try memory.reals(start), try memory.reals(end), try memory.reals(step)]
        guard numbers.allSatisfy({ $0.count == 1 }) else { throw .malformed(detail: "Range wants three numbers") }
        let steps = ((numbers[1][0] - numbers[0][0]) / numbers[2][0]).rounded(.up)
        guard steps.isFinite, steps < 1e12 else { throw .malformed(detail: "Range does not end") }
        let count = Int(max(0, steps))
        try memory.claim(count)
        let reals = (0..<count).map { numbers[0][0] + Double($0) * numbers[2][0] }
        let range = Constant(shape: [reals.count], .reals(reals))
        return start.isInteger ? try memory.integral(range) : range
    }

    // MARK: - Moving

    private mutating func sliced(
        _ node: ResolvedGraph.Node, _ constant: Constant, _ inputs: [Constant?]
    ) throws(ImportError) -> Constant {
        let slice = try slice(node, inputs, rank: constant.shape.count)
        return try memory.sliced(
            constant, starts: slice.starts, ends: slice.ends, axes: slice.axes, steps: slice.steps)
    }

    private mutating func reduced(
        _ operation: ReductionOperator, _ node: ResolvedGraph.Node, _ constant: Constant, _ inputs: [Constant?]
    ) throws(ImportError) -> Constant {
        let all = Array(constant.shape.indices)
        let axes = try axes(node, inputs, rank: all.count) ?? []
        if axes.isEmpty, try node.integer("noop_with_empty_axes") == 1 { return constant }
        return try memory.reduced(
            operation, constant, axes: axes.isEmpty ? all : axes, keepsSides: try node.integer("keepdims") != 0)
    }

    // MARK: - Parameters that are inputs in newer versions and attributes in older ones

    mutating func integers(_ inputs: [Constant?], _ i: Int) throws(ImportError) -> [Int64] {
        guard i < inputs.count, let input = inputs[i] else { throw .malformed(detail: "input \(i) is missing") }
        return try memory.integers(input)
    }

    /// nil if it is neither an input nor an attribute.
    mutating func optionalIntegers(
        _ node: ResolvedGraph.Node, _ name: String, _ inputs: [Constant?], _ i: Int
    ) throws(ImportError) -> [Int64]? {
        guard i < inputs.count, let input = inputs[i] else { return try node.integers(name) }
        return try memory.integers(input)
    }

    /// One number, or nil if it is neither an input nor an attribute.
    mutating func optionalReal(
        _ node: ResolvedGraph.Node, _ name: String, _ inputs: [Constant?], _ i: Int
    ) throws(ImportError) -> Double? {
        guard i < inputs.count, let input = inputs[i] else { return try node.float(name) }
        guard input.count == 1 else { throw .malformed(detail: "input \(i) should be one number") }
        return try memory.reals(input)[0]
    }

    /// The axes of a Squeeze or a reduction, none of them twice.
    mutating func axes(
        _ node: ResolvedGraph.Node, _ inputs: [Constant?], rank: Int
    ) throws(ImportError) -> [Int]? {
        guard let numbers = try optionalIntegers(node, "axes", inputs, 1) else { return nil }
        let axes = try numbers.map { number throws(ImportError) in try checkedAxis(number, rank: rank) }
        guard Set(axes).count == axes.count else { throw .malformed(detail: "\(numbers) name an axis twice") }
        return axes
    }

    /// What a Slice takes; each list has an item for every axis that it names.
    mutating func slice(
        _ node: ResolvedGraph.Node, _ inputs: [Constant?], rank: Int
    ) throws(ImportError) -> (starts: [Int64], ends: [Int64], axes: [Int], steps: [Int64]) {
        guard let starts = try optionalIntegers(node, "starts", inputs, 1),
            let ends = try optionalIntegers(node, "ends", inputs, 2)
        else { throw .malformed(detail: "a slice has no start or no end") }
        let numbers = try optionalIntegers(node, "axes", inputs, 3) ?? starts.indices.map { Int64($0) }
        let steps = try optionalIntegers(node, "steps", inputs, 4) ?? starts.map { _ in 1 }
        guard ends.count == starts.count, numbers.count == starts.count, steps.count == starts.count else {
            throw .malformed(detail: "the lists of a slice have different lengths")
        }
        let axes = try numbers.map { number throws(ImportError) in try checkedAxis(number, rank: rank) }
        return (starts, ends, axes, steps)
    }

    /// Whether a cast is to integers or truth values.
    func castsToInteger(_ node: ResolvedGraph.Node, _ inputs: [Constant?]) throws(ImportError) -> Bool {
        if node.operation == "CastLike" {
            guard inputs.count > 1, let like = inputs[1] else { throw .malformed(detail: "input 1 is missing") }
            return like.isInteger
        }
        let type = try node.integer("to") ?? 0
        switch type {
        case 1, 10, 11, 16: return false
        case 2...7, 9, 12, 13: return true
        default: throw .malformed(detail: "a cast to the element type \(type)")
        }
    }
}

// MARK: - Shapes

/// `axis`, counted from the end if it is negative.
func checkedAxis(_ axis: Int64, rank: Int) throws(ImportError) -> Int {
    guard axis >= -Int64(rank), axis < Int64(rank) else {
        throw .malformed(detail: "there is no axis \(axis) in a tensor of rank \(rank)")
    }
    return Int(axis < 0 ? axis + Int64(rank) : axis)
}

/// `integers` as the sides of a tensor.
func sides(_ integers: [Int64]) throws(ImportError) -> [Int] {
    let sides = integers.map { Int($0) }
    guard sides.count <= ONNXTensor.rankLimit, elementCount(sides) != nil else {
        throw .malformed(detail: "\(integers.prefix(ONNXTensor.rankLimit)) is no shape of a tensor")
    }
    return sides
}

/// What `Shape` says of a tensor of `shape`.
func shape(_ node: ResolvedGraph.Node, of shape: [Int]) throws(ImportError) -> Constant {
    let range = try sliceRange(
        start: try node.integer("start") ?? 0, end: try node.integer("end") ?? .max, step: 1, side: shape.count)
    return Constant(integers: shape[range.first..<range.first + range.count].map { Int64($0) })
}

/// `target` with its 0 (as it was) and -1 (what is left) resolved for a tensor of `shape`.
func reshape(_ node: ResolvedGraph.Node, _ shape: [Int], to target: [Int64]) throws(ImportError) -> [Int] {
    let mistake = ImportError.malformed(detail: "a tensor of shape \(shape) does not reshape to \(target.prefix(16))")
    guard target.count <= ONNXTensor.rankLimit, target.allSatisfy({ $0 >= -1 && $0 <= 1 << 40 }) else { throw mistake }
    let keepsZeros = try node.integer("allowzero") == 1
    var sides: [Int] = []
    for (axis, side) in target.enumerated() {
        guard side != 0 || keepsZeros || axis < shape.count else { throw mistake }
        sides.append(side == 0 && !keepsZeros ? shape[axis] : Int(side))
    }
    let count = shape.reduce(1, *)
    if let free = sides.firstIndex(of: -1) {
        sides[free] = 1
        guard let others = elementCount(sides), others > 0, count % others == 0 else { throw mistake }
        sides[free] = count / others
    }
    guard elementCount(sides) == count else { throw mistake }
    return sides
}

func flattened(_ shape: [Int], axis: Int64) throws(ImportError) -> [Int] {
    let axis = axis == shape.count ? shape.count : try checkedAxis(axis, rank: shape.count)
    return [shape[..<axis].reduce(1, *), shape[axis...].reduce(1, *)]
}

/// `shape` without `axes`, or without every side of 1.
func squeezed(_ shape: [Int], _ axes: [Int]?) throws(ImportError) -> [Int] {
    let axes = axes ?? shape.indices.filter { shape[$0] == 1 }
    guard axes.allSatisfy({ shape[$0] == 1 }) else {
        throw .malformed(detail: "a tensor of shape \(shape) is not squeezed along \(axes)")
    }
    return shape.indices.filter { !axes.contains($0) }.map { shape[$0] }
}

/// `shape` with sides of 1 at `axes`, which count in the result.
func unsqueezed(_ shape: [Int], _ axes: [Int64]) throws(ImportError) -> [Int] {
    let rank = shape.count + axes.count
    guard rank <= ONNXTensor.rankLimit else { throw .tooLarge(what: "sides of a tensor", limit: ONNXTensor.rankLimit) }
    var isAdded = [Bool](repeating: false, count: rank)
    for number in axes {
        let axis = try checkedAxis(number, rank: rank)
        guard !isAdded[axis] else { throw .malformed(detail: "\(axes) name an axis twice") }
        isAdded[axis] = true
    }
    var rest = shape.makeIterator()
    return isAdded.map { $0 ? 1 : rest.next()! }
}

/// The order of axes of a Transpose; reversed unless it is said.
func permutation(_ node: ResolvedGraph.Node, rank: Int) throws(ImportError) -> [Int] {
    guard let numbers = try node.integers("perm") else { return (0..<rank).reversed() }
    guard numbers.count == rank, numbers.sorted() == (0..<rank).map({ Int64($0) }) else {
        throw .malformed(detail: "\(numbers.prefix(16)) is no order of \(rank) axes")
    }
    return numbers.map { Int($0) }
}
