import Foundation
import GraftNetwork

extension TuningRecipe {
    /// How many of `blocks`, the first, stay as they are: those below the cut, and those above it with a rate of 0.
    ///
    /// - Throws: `unknownBlocks` for a cut or a rate of what is not among them.
    func frozenCount(of blocks: [Block]) throws(TuningError) -> Int {
        let names = blocks.map(\.name)
        let unknown = ((cut.map { [$0] } ?? []) + blockRates.keys.sorted()).filter { name in
            !names.contains { Self.names(name, $0) }
        }
        guard unknown.isEmpty else { throw .unknownBlocks(names: unknown, known: names) }
        let first = cut.flatMap { cut in names.firstIndex { Self.names(cut, $0) } } ?? 0
        let rates = rates(of: names)
        let trains = blocks.indices[first...].first { rates[$0] > 0 && !blocks[$0].parameters.isEmpty }
        return trains ?? blocks.count
    }

    /// The learning rates of the blocks called `names`, bottom first. The last block is the one to which ``blockRate``
    /// belongs.
    func rates(of names: [String]) -> [Double] {
        var rate = blockRate
        var rates: [Double] = []
        for name in names.reversed() {
            // The longest name says most.
            let named = blockRates.keys.filter { Self.names($0, name) }.max { $0.count < $1.count }
            rates.append(named.map { blockRates[$0]! } ?? rate)
            rate *= blockDecay
        }
        return rates.reversed()
    }

    /// The same with every learning rate divided by `divisor`.
    func slowed(by divisor: Double) -> TuningRecipe {
        var recipe = self
        recipe.blockRate /= divisor
        recipe.headRate /= divisor
        recipe.blockRates = blockRates.mapValues { $0 / divisor }
        return recipe
    }

    /// What learning rates are multiplied with in `step`, from 0, of `steps`.
    func rateFactor(step: Int, of steps: Int) -> Double {
        let rising = (warmUp * Double(steps)).rounded()
        if Double(step) < rising { return Double(step + 1) / rising }
        switch schedule {
        case .constant: return 1
        case .cosine:
            let part = (Double(step) - rising) / max(1, Double(steps) - rising)
            return 0.5 * (1 + cos(.pi * part))
        }
    }

    /// Whether `name` is that of the block called `block`, or of its stage, as in ``Architecture/blocks(named:)``.
    private static func names(_ name: String, _ block: String) -> Bool {
        block == name || block.hasPrefix("\(name).") || block.hasPrefix("\(name)_")
    }
}
