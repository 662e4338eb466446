import Foundation
import GraftAPI
import GraftLearning
import GraftNetwork

/// What a request for training comes to, once it is known that it can be done.
struct TrainingOrder: Sendable {
    let strategy: TrainingStrategy
    let features: HeadFeatures
    let seed: UInt64
    /// Nil where the best head is solved for, or the trainer chooses.
    let recipe: TuningRecipe?
    /// Seconds; nil for the trainer's own.
    let timeLimit: Double?

    /// - Throws: `Problem` of kind `bad-request` for values that no training can have, of kind `strategy-unavailable` where
    ///   the latents that it takes are not there.
    init(_ request: TrainRequest, for backbone: LoadedBackbone) throws(Problem) {
        let named = request.recipe?.name
        strategy = request.strategy ?? (request.recipe == nil ? .auto : named == .featureExtraction ? .head : .top)
        seed = request.seed ?? 0
        timeLimit = request.timeLimit
        guard timeLimit.map({ $0 > 0 && $0 <= 604_800 }) ?? true else {
            throw Problem(.badRequest, detail: "time_limit: expected more than 0 and at most 604800 seconds")
        }
        guard let given = request.recipe else {
            recipe = nil
            features = request.features ?? .roots
            if strategy == .top { _ = try Self.cut(of: backbone) }
            return
        }
        guard strategy != .auto else {
            throw Problem(
                .badRequest, detail: "a recipe is for the strategies head and top: auto chooses its own; leave one out")
        }
        // As these recipes do in other frameworks, so that the export is a plain linear layer.
        features = request.features ?? .plain
        let recipe = try TuningRecipe(given, for: backbone.architecture)
        try Self.check(recipe, strategy: strategy, backbone)
        self.recipe = recipe
    }

    private static func check(
        _ recipe: TuningRecipe, strategy: TrainingStrategy, _ backbone: LoadedBackbone
    ) throws(Problem) {
        var blocks: [Block] = []
        if strategy == .top {
            let cut = try cut(of: backbone)
            blocks = Array(backbone.architecture.blocks[cut.index...])
            if let name = recipe.cut {
                guard let wanted = backbone.architecture.blocks(named: name) else {
                    let known = backbone.architecture.blocks.map(\.name).joined(separator: ", ")
                    throw Problem(
                        .badRequest,
                        detail:
                            "cut: expected a block or stage of \(backbone.architecture.name), found '\(name)'; it has "
                            + known)
                }
                guard wanted.lowerBound >= cut.index else {
                    throw Problem(
                        .strategyUnavailable,
                        detail:
                            "cut: latents are taken before \(cut.name), and \(name) begins before that: set cut to "
                            + "\(name) in the configuration, and teach the images again")
                }
            }
        }
        do {
            // Nothing is read yet: it is made to see whether it can be.
            _ = try TopTuning(
                recipe, blocks: blocks, instructionSet: backbone.trunk.instructionSet, elements: { _ in [] })
        } catch {
            throw Problem(.badRequest, detail: "\(error)")
        }
    }

    private static func cut(of backbone: LoadedBackbone) throws(Problem) -> LoadedBackbone.Cut {
        guard let cut = backbone.cut else {
            throw Problem(
                .strategyUnavailable,
                detail:
                    "no latents are kept (latents: none), and top blocks are trained from them: set latents to int8, and "
                    + "teach the images again; or use the strategy head")
        }
        return cut
    }
}

extension TuningRecipe {
    /// The recipe that is named, or the one of defaults, with what was asked for in the place of its parts.
    init(_ recipe: TrainingRecipe, for architecture: Architecture) throws(Problem) {
        let classic = recipe.name.flatMap { ClassicRecipe(rawValue: $0.rawValue) }
        let base = classic?.recipe(for: architecture) ?? TuningRecipe()
        do {
            // The parts have the same names, so what is there in one takes the place of what is there in the other.
            func parts(_ value: some Encodable) throws -> [String: Any] {
                try JSONSerialization.jsonObject(with: try JSONEncoder().encode(value)) as? [String: Any] ?? [:]
            }
            var asked = try parts(recipe)
            asked["name"] = nil
            let merged = try parts(base).merging(asked) { $1 }
            self = try JSONDecoder().decode(
                TuningRecipe.self, from: try JSONSerialization.data(withJSONObject: merged))
        } catch {
            throw Problem(.badRequest, detail: "the recipe cannot be read: \(error)")
        }
    }
}
