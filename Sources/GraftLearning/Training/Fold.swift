/// One fold of a training set.
struct Fold: Sendable {
    let number: Int
    /// Positions of its samples, ascending.
    let heldOut: [Int]
    /// Those of ``heldOut`` that choices are made by.
    var sampled: [Int]
    /// What ``heldOut`` sums up to.
    var statistics: LabelStatistics

    init(_ set: TrainingSet, number: Int) {
        self.number = number
        heldOut = set.labels.indices.filter { set.folds[$0] == number }
        sampled = heldOut
        statistics = LabelStatistics(featureCount: set.features.featureCount)
    }

    /// Positions of all other samples of `set`.
    func outside(_ set: TrainingSet) -> [Int] { set.labels.indices.filter { set.folds[$0] != number } }

    /// The statistics of all other samples, from those of `all`. Exact: what is taken away leaves no trace.
    func trainingStatistics(_ all: LabelStatistics) -> LabelStatistics {
        var training = all
        training.subtract(statistics)
        return training
    }
}
