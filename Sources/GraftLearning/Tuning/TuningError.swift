/// Why a tuning made no top.
package enum TuningError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Everything wrong with the recipe's values; see ``TuningRecipe/problems``.
    case invalidRecipe(problems: [String])
    /// The recipe gives rates to blocks that are not above the cut.
    case unknownBlocks(names: [String], known: [String])
    /// The block branches, or has a layer without a way back.
    case untrainableBlock(name: String)
    case tooFewLabels(found: Int)
    /// Of the samples to learn from, none has a latent, or none any more.
    case noLatents(samples: Int)
    /// The loss is no number, or greater than that of guessing: the steps are too long.
    case diverged(epoch: Int, step: Int, loss: Double)
    case unreadable(detail: String)
    /// The least that can be planned takes longer than what is left of the limit.
    case tooLittleTime(needed: Duration, limit: Duration)
    case outOfTime(limit: Duration, epochs: Int, of: Int)
    /// It was told to stop.
    case cancelled

    package var description: String {
        switch self {
        case .invalidRecipe(let problems):
            "the recipe cannot be used: \(problems.joined(separator: "; "))"
        case .unknownBlocks(let names, let known):
            "the recipe has rates for \(names.joined(separator: ", ")), and the blocks above the cut are "
                + known.joined(separator: ", ")
        case .untrainableBlock(let name):
            "the block \(name) cannot be trained: cut after it, or train only a head"
        case .tooFewLabels(let found):
            "training takes samples of 2 labels to learn from, found \(found): those held out for validation, near copies of "
                + "them, and those without a latent are not learned from; teach more that differ"
        case .noLatents(let samples):
            "none of the \(samples) samples to learn from has a latent; train only a head, or teach with latents kept"
        case .diverged(let epoch, let step, let loss):
            "the loss grew to \(loss) in step \(step) of epoch \(epoch): use smaller learning rates, or a longer warm-up"
        case .unreadable(let detail):
            "what training needs cannot be read: \(detail)"
        case .tooLittleTime(let needed, let limit):
            "the least tuning would take \(needed) here, more than is left of the time limit of \(limit): allow more time, or "
                + "train only a head"
        case .outOfTime(let limit, let epochs, let all):
            "the time limit of \(limit) ended after \(epochs) of \(all) epochs: allow more time, or fewer epochs"
        case .cancelled:
            "the training was cancelled"
        }
    }
}
