/// The sums of a dense layer, `weights · values + bias`, with `weights` `[outputs, inputs]`. `[outputs]`
///
/// They run in an order of their own, which does not depend on what kernels a library picks for the CPU.
func denseLayer(_ values: [Float], weights: [Float], bias: [Float]) -> [Float] {
    let inputs = values.count
    precondition(weights.count == inputs * bias.count)
    return bias.indices.map { output in
        dot(values.span, weights.span.extracting(output * inputs..<(output + 1) * inputs)) + bias[output]
    }
}

/// Σ aᵢ·bᵢ in eight interleaved sums.
private func dot(_ a: Span<Float>, _ b: Span<Float>) -> Float {
    precondition(a.count == b.count)
    let lanes = 8
    var sums = SIMD8<Float>.zero
    var rest: Float = 0
    a.withUnsafeBytes { a in
        b.withUnsafeBytes { b in
            let whole = a.count / (lanes * 4) * (lanes * 4)
            for byte in stride(from: 0, to: whole, by: lanes * 4) {
                // Rounded after the product and after the sum: not every CPU can do both at once.
                sums +=
                    a.loadUnaligned(fromByteOffset: byte, as: SIMD8<Float>.self)
                    * b.loadUnaligned(fromByteOffset: byte, as: SIMD8<Float>.self)
            }
            for byte in stride(from: whole, to: a.count, by: 4) {
                rest += a.load(fromByteOffset: byte, as: Float.self) * b.load(fromByteOffset: byte, as: Float.self)
            }
        }
    }
    return sums.sum() + rest
}
