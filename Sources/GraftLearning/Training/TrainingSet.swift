/// What a training sees: a snapshot of the samples.
package struct TrainingSet: Sendable, Equatable {
    /// `[N, D]`
    package private(set) var features: FeatureRows
    /// Label ids. `[N]`
    package private(set) var labels: [Int64] = []
    /// See ``Folds``. `[N]`
    package private(set) var folds: [Int] = []

    package init(featureCount: Int) {
        features = FeatureRows(featureCount: featureCount)
    }

    /// - Precondition: one label and one fold for each row of `features`.
    package init(features: FeatureRows, labels: [Int64], folds: [Int]) {
        precondition(labels.count == features.count && folds.count == features.count)
        precondition(folds.allSatisfy { (0..<Folds.count).contains($0) })
        self.features = features
        self.labels = labels
        self.folds = folds
    }

    package mutating func append(_ sample: RootFeatures, label: Int64, fold: Int) {
        precondition((0..<Folds.count).contains(fold))
        features.append(sample)
        labels.append(label)
        folds.append(fold)
    }

    /// Makes room for `count` samples at once: an array that grows holds its elements twice.
    package mutating func reserveCapacity(_ count: Int) {
        features.reserveCapacity(count)
        labels.reserveCapacity(count)
        folds.reserveCapacity(count)
    }

    package var count: Int { labels.count }
}
