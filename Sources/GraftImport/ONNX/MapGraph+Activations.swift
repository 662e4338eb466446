import GraftNetwork

// Activations that graphs spell out in arithmetic: each function appends what its name says, unless that completes an
// activation, which it appends instead. What is left over has no user then, and is not kept.

extension MapGraph {
    /// `scale · x + shift`
    mutating func appendAffine(_ affine: Affine, _ x: Int, origin: Origin) throws(ImportError) -> Int {
        if affine.isAbout(1, 0) { return x }
        var (affine, base) = (affine, x)
        if let factor = affine.factor, case .affine(let inner) = nodes[x].operation, let first = inner.factor {
            // 1/6 and 6, rounded to 32 bits, are still each other's inverse.
            if abs(factor * first - 1) < 1e-6 { return nodes[x].inputs[0] }
            affine.scale = [factor * first]
            base = nodes[x].inputs[0]
        }
        // relu6(x + 3) / 6
        if affine.isAbout(1 / 6, 0), let inner = clipped(base, 0, 6), let core = core(of: inner, 1, 3) {
            return try append(.activation(.hardSigmoid), [core], shape: nodes[core].shape, origin: origin)
        }
        return try append(.affine(affine), [base], shape: nodes[base].shape, origin: origin)
    }

    /// min(max(x, lower), upper)
    mutating func appendClip(_ lower: Double, _ upper: Double, _ x: Int, origin: Origin) throws(ImportError) -> Int {
        if lower == -.infinity, upper == .infinity { return x }
        // clip(x / 6 + 1/2, 0, 1)
        if lower == 0, upper == 1, let core = core(of: x, 1 / 6, 0.5) {
            return try append(.activation(.hardSigmoid), [core], shape: nodes[core].shape, origin: origin)
        }
        guard case .clip(let innerLower, let innerUpper) = nodes[x].operation else {
            return try append(.clip(lower: lower, upper: upper), [x], shape: nodes[x].shape, origin: origin)
        }
        let bounds = [innerLower, innerUpper].map { min(max($0, lower), upper) }
        return try append(
            .clip(lower: bounds[0], upper: bounds[1]), nodes[x].inputs, shape: nodes[x].shape, origin: origin)
    }

    /// `a · b`, where `b` has the shape of `a` or a single pixel.
    mutating func appendProduct(_ a: Int, _ b: Int, origin: Origin) throws(ImportError) -> Int {
        let (x, xFactor) = withoutFactor(a)
        let (y, yFactor) = withoutFactor(b)
        for (x, gate) in [(x, y), (y, x)] {
            guard let (activation, factor) = activation(of: x, times: gate) else { continue }
            let product = try append(.activation(activation), [x], shape: nodes[x].shape, origin: origin)
            let scale = factor * xFactor * yFactor
            return try appendAffine(Affine(scale: [scale], shift: [0]), product, origin: origin)
        }
        return try append(.product, [a, b], shape: nodes[a].shape, origin: origin)
    }

    /// The activation that `x · gate` is, but for a factor.
    private func activation(of x: Int, times gate: Int) -> (activation: Activation, factor: Double)? {
        switch nodes[gate].operation {
        case .activation(.sigmoid) where nodes[gate].inputs == [x]: return (.silu, 1)
        case .activation(.hardSigmoid) where nodes[gate].inputs == [x]: return (.hardSwish, 1)
        case .clip(0, 6) where core(of: nodes[gate].inputs[0], 1, 3) == x: return (.hardSwish, 6)
        case .affine(let affine):
            // 1 + erf(x / √2) is 2 Φ(x).
            guard affine.scale.count == 1, affine.isAbout(affine.scale[0], affine.scale[0]) else { return nil }
            let inner = nodes[gate].inputs[0]
            guard case .erf = nodes[inner].operation, core(of: nodes[inner].inputs[0], 0.5.squareRoot(), 0) == x
            else { return nil }
            return (.gelu, 2 * affine.scale[0])
        default: return nil
        }
    }

    /// The input of a clip with these bounds.
    private func clipped(_ node: Int, _ lower: Double, _ upper: Double) -> Int? {
        if case .clip(lower, upper) = nodes[node].operation { nodes[node].inputs[0] } else { nil }
    }

    /// What `node` is `scale · x + shift` of, if it is written in at most two steps.
    private func core(of node: Int, _ scale: Double, _ shift: Double) -> Int? {
        guard case .affine(let outer) = nodes[node].operation else { return nil }
        let input = nodes[node].inputs[0]
        if outer.isAbout(scale, shift) { return input }
        guard case .affine(let inner) = nodes[input].operation, outer.after(inner).isAbout(scale, shift) else {
            return nil
        }
        return nodes[input].inputs[0]
    }

    /// `node` without the factor that it is multiplied by.
    private func withoutFactor(_ node: Int) -> (node: Int, factor: Double) {
        if case .affine(let affine) = nodes[node].operation, let factor = affine.factor {
            (nodes[node].inputs[0], factor)
        } else {
            (node, 1)
        }
    }
}
