// Operators that only move elements, or show them again.

/// A tensor's elements in another order: which element comes first, and how far apart neighbours along each side are.
private struct View {
    var offset = 0
    var shape: [Int]
    var strides: [Int]

    init(whole shape: [Int]) {
        self.shape = shape
        strides = [Int](repeating: 1, count: shape.count)
        for axis in stride(from: shape.count - 2, through: 0, by: -1) {
            strides[axis] = strides[axis + 1] * max(shape[axis + 1], 1)
        }
    }

    func elements<Element>(of source: [Element]) -> [Element] {
        let count = shape.reduce(1, *)
        var elements: [Element] = []
        elements.reserveCapacity(count)
        var place = [Int](repeating: 0, count: shape.count)
        var index = offset
        while elements.count < count {
            elements.append(source[index])
            for axis in shape.indices.reversed() {
                place[axis] += 1
                index += strides[axis]
                guard place[axis] == shape[axis] else { break }
                index -= strides[axis] * shape[axis]
                place[axis] = 0
            }
        }
        return elements
    }
}

extension ConstantMemory {
    private mutating func elements(_ constant: Constant, in view: View) throws(ImportError) -> Constant {
        try claim(shape: view.shape)
        switch try loaded(constant).elements {
        case .reals(let reals): return Constant(shape: view.shape, .reals(view.elements(of: reals)))
        case .integers(let integers): return Constant(shape: view.shape, .integers(view.elements(of: integers)))
        case .stored: preconditionFailure("loaded elements are in memory")
        }
    }

    /// - Precondition: `permutation` is one.
    mutating func transposed(_ constant: Constant, _ permutation: [Int]) throws(ImportError) -> Constant {
        var view = View(whole: constant.shape)
        view.shape = permutation.map { constant.shape[$0] }
        view.strides = permutation.map { [strides = view.strides] in strides[$0] }
        return try elements(constant, in: view)
    }

    /// Repeats sides of 1 so that the shape becomes that of a broadcast with `shape`.
    mutating func expanded(_ constant: Constant, to shape: [Int]) throws(ImportError) -> Constant {
        guard let target = broadcast(constant.shape, shape) else {
            throw .malformed(detail: "a tensor of shape \(constant.shape) does not expand to \(shape)")
        }
        return try elements(constant, in: View(of: constant.shape, broadcastTo: target))
    }

    mutating func tiled(_ constant: Constant, repeats: [Int64]) throws(ImportError) -> Constant {
        guard repeats.count == constant.shape.count, repeats.allSatisfy({ $0 >= 0 && $0 < 1 << 40 }) else {
            throw .malformed(detail: "a tensor of shape \(constant.shape) cannot be repeated \(repeats) times")
        }
        var view = View(whole: constant.shape)
        view.shape = zip(repeats, constant.shape).flatMap { [Int($0), $1] }
        view.strides = view.strides.flatMap { [0, $0] }
        let tiled = try elements(constant, in: view)
        return tiled.reshaped(to: zip(repeats, constant.shape).map { Int($0) * $1 })
    }

    /// The elements `starts..<ends` in steps, each list with an item for every one of `axes`; negative numbers count from
    /// the end, and those outside of the tensor mean its end.
    mutating func sliced(
        _ constant: Constant, starts: [Int64], ends: [Int64], axes: [Int], steps: [Int64]
    ) throws(ImportError) -> Constant {
        guard Set(axes).count == axes.count else { throw .malformed(detail: "a slice names an axis twice") }
        var view = View(whole: constant.shape)
        for (i, axis) in axes.enumerated() {
            let range = try sliceRange(start: starts[i], end: ends[i], step: steps[i], side: constant.shape[axis])
            view.offset += range.first * view.strides[axis]
            view.shape[axis] = range.count
            // The step over a single element may be too large to multiply, and is not taken.
            view.strides[axis] = range.count > 1 ? view.strides[axis] * range.step : 0
        }
        return try elements(constant, in: view)
    }

    /// The elements at `indices` along `axis`, which becomes the indices' shape.
    mutating func gathered(_ constant: Constant, at indices: Constant, axis: Int) throws(ImportError) -> Constant {
        let side = constant.shape[axis]
        var places: [Int] = []
        for index in try integers(indices) {
            guard let place = Int(exactly: index < 0 ? index &+ Int64(side) : index), place >= 0, place < side else {
                throw .malformed(detail: "index \(index) does not lie in a side of \(side)")
            }
            places.append(place)
        }
        let (outer, inner) = (constant.shape[..<axis].reduce(1, *), constant.shape[(axis + 1)...].reduce(1, *))
        let shape = constant.shape[..<axis] + indices.shape + constant.shape[(axis + 1)...]
        try claim(shape: Array(shape))
        func gather<Element>(_ source: [Element]) -> [Element] {
            var gathered: [Element] = []
            for row in 0..<outer {
                for place in places {
                    gathered += source[(row * side + place) * inner..<(row * side + place + 1) * inner]
                }
            }
            return gathered
        }
        switch try loaded(constant).elements {
        case .reals(let reals): return Constant(shape: Array(shape), .reals(gather(reals)))
        case .integers(let integers): return Constant(shape: Array(shape), .integers(gather(integers)))
        case .stored: preconditionFailure("loaded elements are in memory")
        }
    }

    /// - Precondition: there is at least one, and `axis` is an axis of the first.
    mutating func concatenated(_ constants: [Constant], axis: Int) throws(ImportError) -> Constant {
        var shape = constants[0].shape
        shape[axis] = 0
        for constant in constants {
            var others = constant.shape
            guard others.count == shape.count else {
                throw .malformed(detail: "tensors of ranks \(shape.count) and \(others.count) side by side")
            }
            shape[axis] += others[axis]
            others[axis] = shape[axis]
            guard others == shape else {
                throw .malformed(detail: "tensors of shapes \(constants[0].shape) and \(constant.shape) side by side")
            }
        }
        try claim(shape: shape)
        let outer = shape[..<axis].reduce(1, *)
        func join<Element>(_ parts: [[Element]]) -> [Element] {
            var joined: [Element] = []
            for row in 0..<outer {
                for part in parts { joined += part[row * (part.count / outer)..<(row + 1) * (part.count / outer)] }
            }
            return joined
        }
        if constants.allSatisfy(\.isInteger) {
            var parts: [[Int64]] = []
            for constant in constants { parts.append(try integers(constant)) }
            return Constant(shape: shape, .integers(join(parts)))
        }
        var parts: [[Double]] = []
        for constant in constants { parts.append(try reals(constant)) }
        return Constant(shape: shape, .reals(join(parts)))
    }
}

extension View {
    /// Elements of a tensor of `shape`, repeated to fill `target`.
    ///
    /// - Precondition: `target` is a broadcast with `shape`.
    fileprivate init(of shape: [Int], broadcastTo target: [Int]) {
        let whole = View(whole: shape)
        let missing = target.count - shape.count
        self.shape = target
        strides = target.indices.map { axis in
            axis < missing || shape[axis - missing] == 1 ? 0 : whole.strides[axis - missing]
        }
    }
}

/// The shape of an operation on tensors of shapes `a` and `b`, element by element, or nil if they do not fit: sides are
/// aligned at the end, and those of 1 are repeated.
func broadcast(_ a: [Int], _ b: [Int]) -> [Int]? {
    let rank = max(a.count, b.count)
    var shape = [Int](repeating: 1, count: rank)
    for axis in 0..<rank {
        let x = axis < rank - a.count ? 1 : a[axis - (rank - a.count)]
        let y = axis < rank - b.count ? 1 : b[axis - (rank - b.count)]
        guard x == y || x == 1 || y == 1 else { return nil }
        shape[axis] = x == 1 ? y : x
    }
    return shape
}

/// What a slice takes of a side of `side` elements.
func sliceRange(
    start: Int64, end: Int64, step: Int64, side: Int
) throws(ImportError) -> (first: Int, count: Int, step: Int) {
    guard step != 0, step > -(1 << 40), step < 1 << 40 else {
        throw .malformed(detail: "a slice cannot have the step \(step)")
    }
    let side = Int64(side)
    func clamped(_ bound: Int64, _ lower: Int64, _ upper: Int64) -> Int64 {
        let bound = bound < 0 ? bound &+ side : bound
        return min(max(bound, lower), upper)
    }
    let (first, last) =
        step > 0
        ? (clamped(start, 0, side), clamped(end, 0, side)) : (clamped(start, -1, side - 1), clamped(end, -1, side - 1))
    let distance = step > 0 ? last - first : first - last
    let count = distance <= 0 ? 0 : (distance + abs(step) - 1) / abs(step)
    return (count == 0 ? 0 : Int(first), Int(count), Int(step))
}
