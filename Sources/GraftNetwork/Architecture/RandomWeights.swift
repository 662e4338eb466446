extension Parameter {
    /// Elements for measurements, whose times do not depend on what they are: the same in every run, and such that
    /// activations neither die out nor overflow on the way (He et al. 2015).
    package func randomElements() -> [Float] {
        guard layout != .vector else {
            return [Float](repeating: name.hasSuffix(".beta") ? 0.1 : 1, count: count)
        }
        return randomFilters()
    }

    /// Elements to start training from: filters as above, normalisation that does nothing, no bias.
    package func freshElements() -> [Float] {
        guard layout == .vector else { return randomFilters() }
        let isOne = name.hasSuffix(".gamma") || name.hasSuffix(".variance")
        return [Float](repeating: isOne ? 1 : 0, count: count)
    }

    /// Uniform, of variance 2 / inputs; a function of the name.
    private func randomFilters() -> [Float] {
        let scale = (6 / Float(count / shape[0])).squareRoot() / 0x8000
        // Knuth's linear congruential generator, MMIX; its upper bits are the random ones.
        var state = name.utf8.reduce(0) { $0 &* 31 &+ UInt64($1) }
        return [Float](unsafeUninitializedCapacity: count) { elements, initialized in
            for i in 0..<count {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                elements[i] = Float(Int16(truncatingIfNeeded: state >> 48)) * scale
            }
            initialized = count
        }
    }
}
