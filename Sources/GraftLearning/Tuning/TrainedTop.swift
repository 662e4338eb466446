/// What a tuning across folds made, and how good it was on samples that were held out.
package struct TrainedTop: Sendable, Equatable {
    /// The mean of the models that were tuned for each fold; its head over roots, with the temperature that suits
    /// held-out samples.
    package var top: TunedTop
    /// What was done.
    package var plan: TuningPlan
    /// The part of the usual work that there was time for: 1 unless the machine is slow.
    package var share = 1.0
    /// For how many folds models were to be tuned: more than ``plan`` has where time ended before.
    package var plannedFolds: Int
    /// The part of its steps that the first model took: less than 1 where time ended before, and then it is the only one.
    package var stepShare = 1.0
    /// How far its weights go from where they began to where tuning ended.
    package var part: Float
    /// What the recipe's learning rates were divided by, so that the loss did not grow.
    package var rateDivisor: Double
    /// What was said of each sample that was held out and has a latent, by a model that had not learned its fold. The
    /// incumbent is that of the head's training.
    package var outOfFold: TrainedHead.OutOfFold
    /// Of the model of each fold. What is published is the mean of these, and better than each.
    package var evaluation: Evaluation
}
