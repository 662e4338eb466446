import Foundation
import GraftLearning
import TestSupport

/// SplitMix64 (Steele, Lea, Flood 2014): the same numbers in every run.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
        return z ^ z >> 31
    }

    /// About normal, with mean 0 and variance 1: twelve uniform numbers.
    mutating func normal() -> Float { (0..<12).reduce(-6) { sum, _ in sum + Float.random(in: 0..<1, using: &self) } }
}

/// Random features, the whole range of what is kept.
func randomFeatures(count: Int, using generator: inout SeededGenerator) -> RootFeatures {
    RootFeatures(values: (0..<count).map { _ in Int16.random(in: .min ... .max, using: &generator) })
}

/// Samples around a random centre for each label; `counts` says how many of each, and `spread` how far from it.
func clusters(
    counts: [Int], featureCount: Int = 24, spread: Float, seed: UInt64
) -> TrainingSet {
    var generator = SeededGenerator(seed: seed)
    var set = TrainingSet(featureCount: featureCount)
    for (label, count) in counts.enumerated() {
        let centre = (0..<featureCount).map { _ in generator.normal() }
        for sample in 0..<count {
            let features = centre.map { $0 + spread * generator.normal() }
            set.append(
                RootFeatures(quantizing: features), label: Int64(label + 1),
                fold: Folds.fold(ofGroup: "\(label)/\(sample)"))
        }
    }
    return set
}

/// What NumPy and scikit-learn computed; see the script beside the file.
struct Oracles: Decodable {
    struct Optimum: Decodable {
        var weights: [Float]
        var bias: [Float]
    }
    var values: [Int16]
    var labels: [Int64]
    var featureCount: Int
    var shrinkage: Double
    var temperature: Double
    var weights: [Float]
    var queries: [[Int16]]
    var probabilities: [[Float]]
    var strength: Double
    var perSample: Optimum
    var perLabel: Optimum

    static func load() throws -> Oracles {
        try JSONDecoder().decode(Oracles.self, from: Data(Fixture.bytes("learning/oracles.json")))
    }
}

/// Each column of `rows` `[L, D]` less its mean: what softmax sees.
func centred(_ rows: [Float], columns: Int) -> [Float] {
    let count = rows.count / columns
    return rows.indices.map { i in
        rows[i] - (0..<count).reduce(0) { $0 + rows[$1 * columns + i % columns] } / Float(count)
    }
}

func largestDistance(_ a: [Float], _ b: [Float]) -> Float {
    precondition(a.count == b.count)
    return zip(a, b).reduce(0) { max($0, abs($1.0 - $1.1)) }
}
