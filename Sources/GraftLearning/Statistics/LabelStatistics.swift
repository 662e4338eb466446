/// What the analytic head is solved from: for every label its count and the sum of its samples' features, and the second
/// moment of all features.
///
/// All are sums of integers, held in 64-bit floats and exact below 2⁵³. So any order of adding, removing, relabelling and
/// merging gives bit-equal statistics, forgetting leaves no trace, and the statistics of several devices can be added.
package struct LabelStatistics: Sendable, Equatable {
    /// One label's part.
    package struct Label: Sendable, Equatable {
        /// Samples.
        package fileprivate(set) var count: Int
        /// Σ x over them, in the units of ``RootFeatures``. `[D]`
        package fileprivate(set) var sums: [Double]

        init(count: Int, sums: [Double]) {
            self.count = count
            self.sums = sums
        }
    }

    /// The id under which examples of none of the labels are learned: below that of every label.
    package static let background: Int64 = -1
    /// The most samples: a value's square is at most 2³⁰, so their sums stay within 2⁵³.
    package static let sampleLimit = 1 << 23

    /// D.
    package let featureCount: Int
    /// Samples.
    package private(set) var count = 0
    /// Labels with at least one sample, by id.
    package private(set) var labels: [Int64: Label] = [:]
    /// Σ x·xᵀ over all samples, in units of ``RootFeatures`` squared. `[D, D]`
    private(set) var moment: SecondMoment

    package init(featureCount: Int) {
        self.featureCount = featureCount
        moment = SecondMoment(order: featureCount)
    }

    init(featureCount: Int, labels: [Int64: Label], moment: SecondMoment) {
        self.featureCount = featureCount
        self.labels = labels
        self.moment = moment
        count = labels.values.reduce(0) { $0 + $1.count }
    }

    package var labelCount: Int { labels.count }

    /// Ids of the labels with at least one sample, ascending.
    package var labelIDs: [Int64] { labels.keys.sorted() }

    /// The mean squared distance of a sample from the mean of all, in units of ``RootFeatures`` squared; 0 without samples.
    package var meanSquaredDistance: Double {
        guard count > 0 else { return 0 }
        var sums = [Double](repeating: 0, count: featureCount)
        for label in labels.values { for i in sums.indices { sums[i] += label.sums[i] } }
        let squares = moment.diagonal.reduce(0, +)
        return max(0, (squares - sums.reduce(0) { $0 + $1 * $1 } / Double(count)) / Double(count))
    }

    // MARK: - One sample

    /// Learns one sample.
    package mutating func add(_ features: RootFeatures, label: Int64) throws(StatisticsError) {
        precondition(features.values.count == featureCount)
        try checkRoom(for: 1)
        let sample = features.values.map(Double.init)
        moment.add(sample, count: 1, weight: 1)
        addSums(sample, count: 1, to: label)
    }

    /// Forgets one sample.
    ///
    /// - Precondition: it was learned with this label.
    package mutating func remove(_ features: RootFeatures, label: Int64) {
        precondition(features.values.count == featureCount)
        let sample = features.values.map(Double.init)
        removeSums(sample, count: 1, from: label)
        moment.add(sample, count: 1, weight: -1)
    }

    /// Moves one sample from the label it was learned with to another.
    package mutating func relabel(_ features: RootFeatures, from old: Int64, to new: Int64) {
        precondition(features.values.count == featureCount)
        let sample = features.values.map(Double.init)
        removeSums(sample, count: 1, from: old)
        addSums(sample, count: 1, to: new)
    }

    // MARK: - Many samples

    /// Learns the samples `rows` of `features`, whose labels are `labels` (one for each of all its rows).
    package mutating func add(
        _ features: FeatureRows, labels: [Int64], rows: [Int]? = nil
    ) throws(StatisticsError) {
        precondition(features.featureCount == featureCount && labels.count == features.count)
        let rows = rows ?? Array(0..<features.count)
        try checkRoom(for: rows.count)
        // Long enough for the product's speed, short enough to stay in the cache as 64-bit floats.
        let blockRows = 256
        for first in stride(from: 0, to: rows.count, by: blockRows) {
            let block = rows[first..<min(first + blockRows, rows.count)]
            let samples = features.doubles(of: block)
            moment.add(samples, count: block.count, weight: 1)
            for (i, row) in block.enumerated() {
                addSums(samples[i * featureCount..<(i + 1) * featureCount], count: 1, to: labels[row])
            }
        }
    }

    /// Learns what other statistics have learned, those of another device, say.
    package mutating func add(_ other: LabelStatistics) throws(StatisticsError) {
        guard other.featureCount == featureCount else {
            throw .otherFeatureCount(expected: featureCount, found: other.featureCount)
        }
        try checkRoom(for: other.count)
        moment.add(other.moment, weight: 1)
        for (id, label) in other.labels { addSums(label.sums, count: label.count, to: id) }
    }

    /// Forgets what `other` has learned.
    ///
    /// - Precondition: all of it was learned here too.
    package mutating func subtract(_ other: LabelStatistics) {
        precondition(other.featureCount == featureCount)
        for (id, label) in other.labels { removeSums(label.sums, count: label.count, from: id) }
        moment.add(other.moment, weight: -1)
    }

    /// Gives all samples of `label` to `target`.
    package mutating func merge(_ label: Int64, into target: Int64) {
        guard label != target, let part = labels.removeValue(forKey: label) else { return }
        count -= part.count
        addSums(part.sums, count: part.count, to: target)
    }

    // MARK: -

    private func checkRoom(for added: Int) throws(StatisticsError) {
        guard count + added <= Self.sampleLimit else {
            throw .tooManySamples(count: count + added, limit: Self.sampleLimit)
        }
    }

    private mutating func addSums(_ sums: some RandomAccessCollection<Double>, count added: Int, to id: Int64) {
        labels[id, default: Label(count: 0, sums: [Double](repeating: 0, count: featureCount))].add(sums, added)
        count += added
    }

    /// A label without samples is no label, so that equal histories give equal statistics.
    private mutating func removeSums(_ sums: [Double], count removed: Int, from id: Int64) {
        guard let present = labels[id]?.count, present >= removed else {
            preconditionFailure("\(removed) samples to be forgotten from label \(id), which has fewer")
        }
        if present == removed {
            labels[id] = nil
        } else {
            labels[id]!.remove(sums, removed)
        }
        count -= removed
    }
}

extension LabelStatistics.Label {
    fileprivate mutating func add(_ added: some RandomAccessCollection<Double>, _ samples: Int) {
        count += samples
        for (i, value) in added.enumerated() { sums[i] += value }
    }

    fileprivate mutating func remove(_ removed: [Double], _ samples: Int) {
        count -= samples
        for i in removed.indices { sums[i] -= removed[i] }
    }
}
