import Foundation
import GraftNetwork
import GraftTensor

/// Trains by a recipe that somebody chose: blocks and a head, or a head alone.
///
/// What is published has learned every sample, as one who trains by hand would want it, but for a fifth that chooses the epoch
/// where the recipe asks for that. How good it is, is measured by fits that had a fold held out: as many of them as there is
/// time for. The same samples and seed give the same bytes.
package struct RecipeTraining: Sendable {
    package let recipe: TuningRecipe
    /// What the plan is made for: the fits together.
    package var timeLimit = Duration.seconds(180)
    /// When it gives up; nil for never.
    package var deadline: ContinuousClock.Instant?
    private let blocks: [Block]
    private let tuning: TopTuning

    /// - Parameters:
    ///   - blocks: What follows where the latents were taken; none to train a head on features.
    ///   - space: What the head is over.
    ///   - elements: What each parameter of `blocks` begins as.
    /// - Throws: As ``TopTuning/init(_:blocks:space:instructionSet:elements:)``.
    package init(
        _ recipe: TuningRecipe, blocks: [Block], space: FeatureSpace, instructionSet: InstructionSet,
        elements: @escaping @Sendable (Parameter) throws -> [Float]
    ) throws(TuningError) {
        (self.recipe, self.blocks) = (recipe, blocks)
        tuning = try TopTuning(
            recipe, blocks: blocks, space: space, instructionSet: instructionSet, elements: elements)
    }

    /// Trains on the samples of `set` that have a latent and a label of `start`.
    ///
    /// - Parameters:
    ///   - start: What strategy `head` made of the same set, over the same space: where the recipe's head begins if it says
    ///     so, and what it is compared with.
    ///   - progress: Told the fraction done, in `0...1`, and what is being done.
    ///   - isCancelled: Asked before every step.
    package func train(
        _ set: TrainingSet, start: TrainedHead, latents: some LatentSource, seed: UInt64, by worker: Worker = .alone,
        progress: (Double, String) -> Void = { _, _ in }, isCancelled: () -> Bool = { false }
    ) throws(TuningError) -> TrainedTop {
        let labels = Set(start.head.labels)
        let rows = latents.rows.filter { labels.contains(set.labels[$0]) }
        guard !rows.isEmpty else { throw .noLatents(samples: set.count) }
        let folds = judgedFolds(set, rows, start: start, latent: latents.shape)

        func fit(
            without fold: Int?, number: Int, start head: LinearHead?
        ) throws(TuningError) -> TunedTop {
            let validation = recipe.validation ? validationFold(beside: fold) : nil
            let message =
                fold == nil ? "training on all samples" : "training without fold \(number + 1) of \(folds.count)"
            return try tuning.train(
                .init(
                    labels: set.labels,
                    learned: rows.filter { set.folds[$0] != fold && set.folds[$0] != validation },
                    heldOut: validation.map { v in rows.filter { set.folds[$0] == v } } ?? []),
                latents: latents, seed: seed, start: recipe.head == .linear ? head.map(VersionHead.linear) : nil,
                timeLimit: deadline.map { $0 - .now }, by: worker,
                progress: {
                    progress(
                        (Double(number) + $0.fraction) / Double(folds.count + 1),
                        "\(message), epoch \($0.epoch) of \($0.epochs)")
                }, isCancelled: isCancelled)
        }

        var judged = HeldOutScores()
        for (number, fold) in folds.enumerated() {
            let model = try fit(without: fold, number: number, start: start.foldHeads[fold])
            try judged.add(
                model, tuning, rows.filter { set.folds[$0] == fold }, labels: set.labels, latents, by: worker)
        }
        // Those with a latent may all be of folds that are not held out.
        guard !judged.isEmpty else { throw .noLatents(samples: set.count) }
        let top = try fit(without: nil, number: folds.count, start: start.head)
        let plan = TuningPlan(folds: folds.count, epochs: top.epochs.count, samples: rows.count)
        return TrainedTop(
            top, plan: plan, plannedFolds: plan.folds, part: 1, rateDivisor: 1, judged: judged, labels: set.labels,
            beside: start)
    }

    // MARK: -

    /// The folds that are held out, ascending: those that `start` held out, at least one, at most as many as leave time to fit
    /// all samples.
    private func judgedFolds(_ set: TrainingSet, _ rows: [Int], start: TrainedHead, latent: MapShape) -> [Int] {
        let useful = start.foldHeads.keys.sorted().filter { fold in rows.contains { set.folds[$0] == fold } }
        let passes = TuningPlan.passes(
            multiplyAdds: multiplyAdds(of: blocks, latent: latent) + start.head.featureCount * start.head.labels.count,
            timeLimit: timeLimit)
        let fits = Int(min(passes / Double(recipe.epochs * rows.count), 100))
        return Array(useful.prefix(max(1, fits - 1)))
    }

    /// The fold that chooses the epoch: the one after that which is held out.
    private func validationFold(beside fold: Int?) -> Int { ((fold ?? Folds.count - 1) + 1) % Folds.count }
}
