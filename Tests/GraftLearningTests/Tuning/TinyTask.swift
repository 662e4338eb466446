import GraftLearning
import GraftNetwork
import GraftTensor
import TestBackbones

/// Latents of 5 × 4 × 6 around a pattern for each label, and three blocks to tune: what trains in milliseconds.
struct TinyTask {
    static let shape = MapShape(height: 5, width: 4, channels: 6)
    static let blocks = [
        Block("stage1.0", [convolution(from: 6, to: 8, epsilon: 1e-3)]),
        Block("stage2.0", [convolution(from: 8, to: 8, epsilon: nil)]),
        Block("stage2.1", [convolution(from: 8, to: 12, epsilon: 1e-3)]),
        Block("pool", [.globalAveragePooling]),
    ]

    let labels: [Int64]
    let latents: HeldLatents

    /// - Parameters:
    ///   - counts: How many samples each label has; the labels are 10, 20, …
    ///   - spread: How far samples are from their pattern.
    init(counts: [Int], spread: Float = 0.5, seed: UInt64 = 1) {
        var generator = SeededGenerator(seed: seed)
        var samples: [(label: Int64, values: [Float])] = []
        for (l, count) in counts.enumerated() {
            let pattern = uniform("pattern \(l)", count: Self.shape.count)
            for _ in 0..<count {
                samples.append((Int64(10 * (l + 1)), pattern.map { $0 + spread * generator.normal() }))
            }
        }
        samples.shuffle(using: &generator)
        labels = samples.map(\.label)
        latents = HeldLatents(shape: Self.shape, values: samples.flatMap(\.values))
    }

    var rows: [Int] { Array(labels.indices) }
    var samples: TopTuning.Samples { TopTuning.Samples(labels: labels, learned: rows) }

    static func tuning(_ recipe: TuningRecipe, set: InstructionSet = .available.last!) throws -> TopTuning {
        try TopTuning(recipe, blocks: blocks, instructionSet: set, elements: formulaElements)
    }

    /// A recipe that learns the task in a moment.
    static func recipe(_ change: (inout TuningRecipe) -> Void = { _ in }) -> TuningRecipe {
        var recipe = TuningRecipe()
        (recipe.headRate, recipe.blockRate) = (1e-2, 3e-3)
        (recipe.epochs, recipe.batch) = (6, 8)
        change(&recipe)
        return recipe
    }

    /// The part of `rows` that `top` answers rightly.
    func accuracy(_ top: TunedTop, _ tuning: TopTuning, rows: [Int]? = nil) throws -> Double {
        let rows = rows ?? self.rows
        var right = 0
        try tuning.forEachBatch(of: rows, through: top, latents: latents, batch: 16) { found, _, logits in
            let count = top.head.labels.count
            for (n, row) in found.enumerated() {
                let scores = logits[n * count..<(n + 1) * count]
                let best = scores.indices.max { scores[$0] < scores[$1] }! - scores.startIndex
                if top.head.labels[best] == labels[row] { right += 1 }
            }
        }
        return Double(right) / Double(rows.count)
    }

    private static func convolution(from input: Int, to output: Int, epsilon: Float?) -> Layer {
        .convolution(
            Convolution(
                "conv", from: input, to: output, kernel: 3, padding: .symmetric(1), normalizationEpsilon: epsilon,
                activation: .relu, sources: []))
    }
}
