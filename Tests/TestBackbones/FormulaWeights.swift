import GraftNetwork

/// The elements that `Tests/Fixtures/network/make_features.py` gives the parameter of an architecture.
package func formulaElements(_ parameter: Parameter) -> [Float] {
    let elements = uniform(parameter.name, count: parameter.shape.reduce(1, *))
    func spread(_ base: Float, _ width: Float) -> [Float] { elements.map { base + $0 * width } }
    switch parameter.name.split(separator: ".").last! {
    case "gamma": return spread(1, 0.2)
    case "beta": return spread(0.5, 0.5)
    case "bias": return spread(0, 0.2)
    case "mean": return spread(0, 0.2)
    case "variance": return spread(1, 0.5)
    default:
        let scale = Float((6 / Double(parameter.shape.dropFirst().reduce(1, *))).squareRoot())
        return elements.map { $0 * scale }
    }
}

/// `count` numbers in [-1, 1): 24 bits of splitmix64 from the FNV-1a hash of `name`.
package func uniform(_ name: String, count: Int) -> [Float] {
    let hash = name.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    var generator = SplitMix64(state: hash)
    return (0..<count).map { _ in Float(Double(generator.next() >> 40) / 8_388_608 - 1) }
}

/// The generator of Steele, Lea and Flood (2014), whose first number is a hash of the state.
package struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    package init(state: UInt64) { self.state = state }

    package mutating func next() -> UInt64 {
        defer { state &+= 0x9E37_79B9_7F4A_7C15 }
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
