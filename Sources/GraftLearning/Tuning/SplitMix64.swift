/// The generator of Steele, Lea and Flood (2014): the same numbers for the same seed, on every machine.
package struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    /// A generator of its own for each `use` of one seed, and each `step` of it.
    init(seed: UInt64, use: Use, step: Int = 0) {
        var mixed = SplitMix64(seed: seed ^ use.rawValue &* 0xD134_2543_DE82_EF95)
        self.init(seed: mixed.next() &+ UInt64(step) &* 0x9E6C_63D0_876A_68E5)
    }

    /// A seed of its own for each `use` of one seed, and each `step` of it.
    static func seed(_ seed: UInt64, use: Use, step: Int) -> UInt64 {
        var generator = SplitMix64(seed: seed, use: use, step: step)
        return generator.next()
    }

    /// What training draws numbers for.
    enum Use: UInt64 {
        case head = 1
        case order, dropout, mirror, samples, folds
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
