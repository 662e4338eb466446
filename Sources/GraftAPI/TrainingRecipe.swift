/// A known way to use saved weights, whose parts can be changed one by one.
package enum RecipeName: String, Codable, Sendable, CaseIterable {
    /// All blocks stay as they are; a new linear head learns by Adam, 1e-3.
    case featureExtraction = "feature-extraction"
    /// The first layers stay as they are; the others learn by Adam, 1e-4, with a head of Dense(256, ReLU) and softmax.
    case fineTuning = "fine-tuning"
    /// The last stage learns at 1e-4, and the head at a rate of its own.
    case layerWise = "layer-wise"
}

/// How a job that learns by gradient steps goes about it. Everything may be left out: then it is as in the recipe that is
/// named, and without one as the daemon finds best.
package struct TrainingRecipe: Codable, Sendable, Equatable {
    package enum Head: String, Codable, Sendable, CaseIterable { case linear, mlp }
    package enum HeadStart: String, Codable, Sendable, CaseIterable { case random, solved }
    package enum Optimizer: String, Codable, Sendable, CaseIterable { case adam, adamw }
    package enum Schedule: String, Codable, Sendable, CaseIterable { case constant, cosine }
    package enum Averaging: String, Codable, Sendable, CaseIterable { case none, moving, epochs }

    package var name: RecipeName?
    /// The block or stage that the top begins with; where latents were taken, or after it.
    package var cut: String?
    package var head: Head?
    /// The width of the hidden layer of an `mlp`.
    package var hidden: Int?
    /// The part of what enters the last layer that is dropped while it trains, in `0...0.95`.
    package var dropout: Double?
    /// Where the head begins: at random, or at the linear head that is solved first.
    package var headStart: HeadStart?
    package var optimizer: Optimizer?
    package var weightDecay: Double?
    /// The learning rate of the head.
    package var headRate: Double?
    /// The learning rate of the last block, and with `blockDecay` of those below.
    package var blockRate: Double?
    /// Learning rates by the name of a block or stage; 0 leaves it as it is.
    package var blockRates: [String: Double]?
    /// What the learning rate is multiplied with from each block to the one below.
    package var blockDecay: Double?
    package var schedule: Schedule?
    /// The part of all steps in which learning rates rise from 0.
    package var warmUp: Double?
    package var epochs: Int?
    /// Samples of a step.
    package var batch: Int?
    /// Whether latents are mirrored left to right half of the times.
    package var mirror: Bool?
    package var labelSmoothing: Double?
    /// From 0, every sample counts the same, to 1, every label does.
    package var labelBalance: Double?
    /// From 0 to 1, how much the head need not learn how frequent labels are.
    package var logitAdjustment: Double?
    /// Whether a part of the samples chooses the epoch that is kept.
    package var validation: Bool?
    /// After how many epochs without less loss on those it ends.
    package var patience: Int?
    package var averaging: Averaging?
    package var averagingDecay: Double?
    package var averagedEpochs: Int?

    package init(name: RecipeName? = nil) { self.name = name }
}
