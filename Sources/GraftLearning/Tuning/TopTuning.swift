import GraftNetwork
import GraftTensor

/// Trains the blocks above a cut, and a head, from latents: Adam on the loss of softmax, as PyTorch would with batch
/// normalisation in `eval()`.
///
/// Without blocks it trains a head on features. The same samples and seed give the same bytes, however many threads help.
package struct TopTuning: Sendable {
    /// What follows where the latents were taken.
    package let blocks: [Block]
    package let recipe: TuningRecipe
    /// What the head is over; if there are no blocks, the form of the features that the latents are.
    package let space: FeatureSpace
    package let instructionSet: InstructionSet
    /// What each parameter of the blocks begins as.
    let elements: @Sendable (Parameter) throws -> [Float]
    /// How many of the blocks, the first, stay as they are.
    let frozen: Int

    /// - Parameters:
    ///   - elements: What each parameter of `blocks` begins as.
    /// - Throws: `invalidRecipe`, `unknownBlocks`, `untrainableBlock`.
    package init(
        _ recipe: TuningRecipe, blocks: [Block], space: FeatureSpace = .plain, instructionSet: InstructionSet,
        elements: @escaping @Sendable (Parameter) throws -> [Float]
    ) throws(TuningError) {
        let problems = recipe.problems
        guard problems.isEmpty else { throw .invalidRecipe(problems: problems) }
        if let block = blocks.first(where: { !$0.isTrainable }) { throw .untrainableBlock(name: block.name) }
        frozen = try recipe.frozenCount(of: blocks)
        (self.recipe, self.blocks, self.space, self.instructionSet) = (recipe, blocks, space, instructionSet)
        self.elements = elements
    }

    /// What is learned from.
    package struct Samples: Sendable {
        /// Label ids of all samples, by position. `[N]`
        package var labels: [Int64]
        /// Positions of those to learn.
        package var learned: [Int]
        /// Positions of those to judge each epoch by.
        package var heldOut: [Int]

        package init(labels: [Int64], learned: [Int], heldOut: [Int] = []) {
            (self.labels, self.learned, self.heldOut) = (labels, learned, heldOut)
        }
    }

    /// Trains on `samples`.
    ///
    /// - Parameters:
    ///   - start: The head to begin with, over the features that untuned blocks give and of the recipe's kind; nil for a
    ///     random one.
    ///   - timeLimit: After which it gives up.
    ///   - keepsUnfinished: Whether it ends there with what was learned instead, once it has taken half of the steps: a
    ///     cosine schedule then takes short ones.
    ///   - progress: Told after every step.
    ///   - isCancelled: Asked before every step.
    package func train(
        _ samples: Samples, latents: some LatentSource, seed: UInt64, start: VersionHead? = nil,
        timeLimit: Duration? = nil, keepsUnfinished: Bool = false, by worker: Worker = .alone,
        progress: (TuningProgress) -> Void = { _ in },
        isCancelled: () -> Bool = { false }
    ) throws(TuningError) -> TunedTop {
        let run = try TuningRun(self, samples, latents: latents, seed: seed, start: start, by: worker)
        let begin = ContinuousClock.now
        return try run.train(progress: progress) { epochs, share throws(TuningError) in
            if isCancelled() { throw .cancelled }
            guard let timeLimit, ContinuousClock.now - begin > timeLimit else { return true }
            if keepsUnfinished && share >= 0.5 { return false }
            throw .outOfTime(limit: timeLimit, epochs: epochs, of: recipe.epochs)
        }
    }

    /// The features and logits of the samples `rows` through `top`, in batches: `body` is told which samples they are of,
    /// and gets features `[n, D]` and logits `[n, L]`. Samples without a latent are left out.
    package func forEachBatch(
        of rows: [Int], through top: TunedTop, latents: some LatentSource, batch: Int = 32,
        by worker: Worker = .alone, _ body: (_ rows: [Int], _ features: [Float], _ logits: [Float]) throws -> Void
    ) throws {
        let head = TopHead(
            labelCount: top.head.labels.count, hiddenCount: top.head.hiddenCount, takesRoots: headTakesRoots)
        let trainable = try trainableTop(head, latent: latents.shape, batch: batch, by: worker) { parameter in
            try top.parameters[parameter.name] ?? top.head.elements(of: parameter) ?? elements(parameter)
        }
        let reader = BatchReader(latents, batch: batch)
        for first in stride(from: 0, to: rows.count, by: batch) {
            let found = try reader.read(Array(rows[first..<min(first + batch, rows.count)]))
            guard !found.isEmpty else { continue }
            let outputs = reader.withLatents(count: found.count) { trainable.outputs(of: $0, by: worker) }
            try body(found, outputs.features, outputs.logits)
        }
    }

    /// Whether roots are taken between the blocks and the head: features without blocks are in the head's form already.
    var headTakesRoots: Bool { space == .roots && !blocks.isEmpty }

    /// A top of these blocks and `head`.
    func trainableTop(
        _ head: TopHead, latent: MapShape, batch: Int, by worker: Worker, elements: (Parameter) throws -> [Float]
    ) throws(TuningError) -> TrainableTop {
        do {
            return try TrainableTop(
                blocks, frozen: frozen, latent: latent, head: head, batch: batch, threads: worker.threads,
                instructionSet: instructionSet, elements: elements)
        } catch {
            throw .unreadable(detail: "\(error)")
        }
    }
}
