/// How top blocks and a head are trained from latents; every part has a default.
///
/// ``featureExtraction``, ``fineTuning`` and ``layerWise`` are the classic ones.
package struct TuningRecipe: Codable, Sendable, Equatable {
    /// What answers above the features.
    package enum Head: String, Codable, Sendable, CaseIterable {
        /// One dense layer.
        case linear
        /// Two, with ReLU between them.
        case mlp
    }

    package enum Optimizer: String, Codable, Sendable, CaseIterable {
        /// Weight decay is part of the gradient.
        case adam
        /// Weights decay on their own.
        case adamw
    }

    /// How learning rates change from the first step to the last.
    package enum Schedule: String, Codable, Sendable, CaseIterable {
        case constant
        /// Down to 0 along half a cosine (Loshchilov and Hutter 2016, arXiv 1608.03983).
        case cosine
    }

    /// Where the head begins.
    package enum HeadStart: String, Codable, Sendable, CaseIterable {
        /// Uniform within ±1/√inputs, as PyTorch's `Linear` begins.
        case random
        /// At the linear head that was solved before, so that the first gradients do not spoil the blocks (LP-FT: Kumar et
        /// al. 2022, arXiv 2202.10054).
        case solved
    }

    /// Which weights are kept in the end.
    package enum Averaging: String, Codable, Sendable, CaseIterable {
        /// Those of the last step.
        case none
        /// A moving average over steps.
        case moving
        /// The mean over the ends of the last epochs (Izmailov et al. 2018, arXiv 1803.05407).
        case epochs
    }

    // MARK: - What trains

    /// The block or stage that the top begins with; nil for where latents were taken. Blocks between the two stay as they
    /// are.
    package var cut: String?
    package var head = Head.linear
    /// The width of the hidden layer of an `mlp`.
    package var hidden = 256
    /// The part of what enters the last layer that is dropped while training.
    package var dropout = 0.0
    package var headStart = HeadStart.random

    // MARK: - Steps

    package var optimizer = Optimizer.adam
    package var weightDecay = 0.0
    /// The learning rate of the head.
    package var headRate = 1e-3
    /// The learning rate of the last block, and with ``blockDecay`` of those below.
    package var blockRate = 1e-4
    /// Learning rates by the name of a block or stage, such as `layer4`, instead of those; 0 leaves it as it is.
    package var blockRates: [String: Double] = [:]
    /// What the learning rate is multiplied with from each block to the one below, where none was named.
    package var blockDecay = 1.0
    package var schedule = Schedule.constant
    /// The part of all steps in which learning rates rise from 0.
    package var warmUp = 0.0
    package var epochs = 10
    /// Samples of a step.
    package var batch = 32
    /// Whether each epoch has an order of its own, drawn from the seed.
    package var shuffle = true
    /// Whether each latent is mirrored left to right half of the times.
    package var mirror = false

    // MARK: - Loss

    /// How much of a target is shared among all labels.
    package var labelSmoothing = 0.0
    /// From 0, every sample counts the same, to 1, every label does.
    package var labelBalance = 0.0
    /// From 0 to 1, how much the head need not learn how frequent labels are: their logarithms are added to logits while
    /// training (Menon et al. 2020, arXiv 2007.07314).
    package var logitAdjustment = 0.0

    // MARK: - The end

    /// Whether samples are held out and judged after every epoch; the weights of the epoch with their least loss are kept.
    package var validation = false
    /// After how many epochs without less loss on held-out samples it ends; nil for never.
    package var patience: Int?
    package var averaging = Averaging.none
    /// How much a moving average keeps at each step.
    package var averagingDecay = 0.99
    /// Over how many epochs a mean goes.
    package var averagedEpochs = 3

    package init() {}
}
