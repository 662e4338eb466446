import GraftLearning
import Testing

@Suite struct LabelStatisticsTests {
    /// 131 features: a panel of the second moment and a bit, so that the seams are tested too.
    private static let featureCount = 131

    @Test(arguments: [1, 2, 3] as [UInt64])
    func anyHistoryEqualsLearningItsOutcomeAtOnce(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var statistics = LabelStatistics(featureCount: Self.featureCount)
        var present: [(features: RootFeatures, label: Int64)] = []
        for _ in 0..<300 {
            let label = Int64.random(in: 1...6, using: &generator)
            switch Int.random(in: 0..<10, using: &generator) {
            case 0..<5:
                let features = randomFeatures(count: Self.featureCount, using: &generator)
                try statistics.add(features, label: label)
                present.append((features, label))
            case 5..<7 where !present.isEmpty:
                let gone = present.remove(at: Int.random(in: 0..<present.count, using: &generator))
                statistics.remove(gone.features, label: gone.label)
            case 7..<9 where !present.isEmpty:
                let i = Int.random(in: 0..<present.count, using: &generator)
                statistics.relabel(present[i].features, from: present[i].label, to: label)
                present[i].label = label
            default:
                let target = Int64.random(in: 1...6, using: &generator)
                statistics.merge(label, into: target)
                for i in present.indices where present[i].label == label { present[i].label = target }
            }
        }
        present.shuffle(using: &generator)
        var rows = FeatureRows(featureCount: Self.featureCount)
        for sample in present { rows.append(sample.features) }
        var atOnce = LabelStatistics(featureCount: Self.featureCount)
        try atOnce.add(rows, labels: present.map(\.label))
        #expect(statistics == atOnce)
        #expect(statistics.count == present.count)
    }

    @Test func sumsOfTheLargestValuesAreExact() throws {
        // 600 samples: more than one block, with every value at its limit.
        let rows = FeatureRows(featureCount: 2, values: [Int16](repeating: .min, count: 1200))
        var atOnce = LabelStatistics(featureCount: 2)
        try atOnce.add(rows, labels: [Int64](repeating: 1, count: 600))
        var single = LabelStatistics(featureCount: 2)
        for _ in 0..<600 { try single.add(RootFeatures(values: [.min, .min]), label: 1) }
        #expect(atOnce == single)
        #expect(atOnce.labels[1]?.sums == [-32768 * 600, -32768 * 600])
    }

    @Test func forgettingEverythingLeavesNothing() throws {
        var generator = SeededGenerator(seed: 4)
        var statistics = LabelStatistics(featureCount: 9)
        let samples = (0..<20).map { _ in randomFeatures(count: 9, using: &generator) }
        for sample in samples { try statistics.add(sample, label: 7) }
        for sample in samples.reversed() { statistics.remove(sample, label: 7) }
        #expect(statistics == LabelStatistics(featureCount: 9))
        #expect(statistics.labelIDs.isEmpty)
    }

    @Test func devicesAddAndSubtract() throws {
        let set = clusters(counts: [30, 20], featureCount: 140, spread: 1, seed: 5)
        var (all, odd, even) = (
            LabelStatistics(featureCount: 140), LabelStatistics(featureCount: 140), LabelStatistics(featureCount: 140)
        )
        try all.add(set.features, labels: set.labels)
        try odd.add(set.features, labels: set.labels, rows: Array(stride(from: 1, to: 50, by: 2)))
        try even.add(set.features, labels: set.labels, rows: Array(stride(from: 0, to: 50, by: 2)))
        var sum = odd
        try sum.add(even)
        #expect(sum == all)
        all.subtract(odd)
        #expect(all == even)
    }

    @Test func otherFeaturesAreRefused() {
        var statistics = LabelStatistics(featureCount: 3)
        #expect(throws: StatisticsError.otherFeatureCount(expected: 3, found: 4)) {
            try statistics.add(LabelStatistics(featureCount: 4))
        }
    }

    @Test func moreSamplesThanSumsCanHoldAreRefused() throws {
        var statistics = LabelStatistics(featureCount: 1)
        try statistics.add(RootFeatures(values: [1]), label: 1)
        // Doubling reaches the limit of 2²³ exactly.
        for _ in 0..<23 { try statistics.add(statistics) }
        #expect(statistics.count == LabelStatistics.sampleLimit)
        let full = statistics
        #expect(throws: StatisticsError.tooManySamples(count: (1 << 23) + 1, limit: 1 << 23)) {
            try statistics.add(RootFeatures(values: [1]), label: 1)
        }
        #expect(statistics == full)
    }

    // MARK: - Saved form

    private static func sample() throws -> LabelStatistics {
        let set = clusters(counts: [3, 2], featureCount: 130, spread: 1, seed: 6)
        var statistics = LabelStatistics(featureCount: 130)
        try statistics.add(set.features, labels: set.labels.map { $0 - 2 })
        return statistics
    }

    @Test func savedStatisticsComeBack() throws {
        let statistics = try Self.sample()
        #expect(try LabelStatistics(decoding: statistics.encoded()) == statistics)
        let empty = LabelStatistics(featureCount: 0)
        #expect(try LabelStatistics(decoding: empty.encoded()) == empty)
    }

    @Test func damagedBytesAreRefused() throws {
        let whole = try Self.sample().encoded()
        var broken: [[UInt8]] = [[], Array(whole.dropLast()), whole + [0], Array(whole.dropFirst())]
        // A huge number of features, of labels; a count of 0; a sum that is no number.
        for (offset, byte) in [(14, 1), (23, 1), (32, 0), (47, 0x7f)] as [(Int, UInt8)] {
            var bytes = whole
            bytes[offset] = byte
            if offset == 47 { bytes[46] = 0xff }
            broken.append(bytes)
        }
        for bytes in broken {
            #expect(throws: StatisticsError.self) { try LabelStatistics(decoding: bytes) }
        }
    }
}
