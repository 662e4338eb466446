import GraftLearning
import Testing

@Suite struct AnalyticHeadTests {
    @Test func agreesWithNumPyIn64Bits() throws {
        let oracles = try Oracles.load()
        var statistics = LabelStatistics(featureCount: oracles.featureCount)
        try statistics.add(
            FeatureRows(featureCount: oracles.featureCount, values: oracles.values), labels: oracles.labels)
        let head = AnalyticHead(
            statistics, calibration: .init(shrinkage: oracles.shrinkage, temperature: oracles.temperature))
        // Weights of size 10, solved in 64 bits but for the last step, kept in 32: a few parts in 10⁷.
        #expect(largestDistance(centred(head.linear.weights, columns: oracles.featureCount), oracles.weights) < 2e-5)
        for (query, expected) in zip(oracles.queries, oracles.probabilities) {
            #expect(largestDistance(head.probabilities(of: RootFeatures(values: query)), expected) < 2e-5)
        }
    }

    @Test func labelsTaughtOneAfterAnotherEqualAllAtOnce() throws {
        // Five steps of five labels; before the last, one sample is corrected and one forgotten.
        let set = clusters(counts: (0..<25).map { 3 + $0 % 7 }, featureCount: 150, spread: 2, seed: 8)
        var statistics = LabelStatistics(featureCount: 150)
        var heads: [AnalyticHead] = []
        let wrong = RootFeatures(quantizing: [Float](repeating: 0.5, count: 150))
        for step in 0..<5 {
            let labels = (step * 5 + 1...step * 5 + 5).map(Int64.init)
            for row in 0..<set.count where labels.contains(set.labels[row]) {
                try statistics.add(RootFeatures(values: Array(set.features[row])), label: set.labels[row])
            }
            if step == 1 { try statistics.add(wrong, label: 3) }
            if step == 2 { statistics.relabel(wrong, from: 3, to: 9) }
            if step == 3 { statistics.remove(wrong, label: 9) }
            heads.append(AnalyticHead(statistics))
        }
        var joint = LabelStatistics(featureCount: 150)
        try joint.add(set.features, labels: set.labels, rows: Array((0..<set.count).reversed()))
        #expect(statistics == joint)
        #expect(heads.last == AnalyticHead(joint))
        #expect(heads.map(\.labels.count) == [5, 10, 15, 20, 25])
    }

    @Test func oneLabelIsCertain() throws {
        var statistics = LabelStatistics(featureCount: 5)
        let features = RootFeatures(quantizing: [1, 0, 2, 0.5, 0])
        try statistics.add(features, label: 42)
        let head = AnalyticHead(statistics)
        #expect(head.labels == [42])
        #expect(head.probabilities(of: features) == [1])
    }

    @Test func oneSampleEachIsEnough() throws {
        var statistics = LabelStatistics(featureCount: 40)
        var generator = SeededGenerator(seed: 1)
        let samples = (0..<6).map { _ in RootFeatures(quantizing: (0..<40).map { _ in generator.normal() }) }
        for (label, sample) in samples.enumerated() { try statistics.add(sample, label: Int64(label)) }
        let head = AnalyticHead(statistics)
        for (label, sample) in samples.enumerated() {
            let probabilities = head.probabilities(of: sample)
            #expect(probabilities.firstIndex(of: probabilities.max()!) == label)
            #expect(abs(probabilities.reduce(0, +) - 1) < 1e-6)  // six roundings
        }
    }

    /// All samples equal; features that are always 0; samples on a line; two labels with the same sample.
    @Test(
        arguments: [
            [[1, 1, 1], [1, 1, 1], [1, 1, 1], [1, 1, 1]], [[0, 0, 1], [0, 0, 2], [0, 0, 3], [0, 0, 4]],
            [[0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0]], [[1, 2, 3], [2, 4, 6], [4, 8, 12], [8, 16, 24]],
        ] as [[[Float]]])
    func degenerateSamplesGiveFiniteAnswers(samples: [[Float]]) throws {
        var statistics = LabelStatistics(featureCount: 3)
        for (i, sample) in samples.enumerated() {
            try statistics.add(RootFeatures(quantizing: sample), label: Int64(i / 2))
        }
        for shrinkage in [0.001, 0.5, 1] {
            let head = AnalyticHead(statistics, calibration: .init(shrinkage: shrinkage, temperature: 1))
            let probabilities = head.probabilities(of: RootFeatures(quantizing: [3, 1, 2]))
            #expect(probabilities.allSatisfy { $0.isFinite && $0 >= 0 })
            #expect(abs(probabilities.reduce(0, +) - 1) < 1e-6)  // a few roundings
        }
    }

    @Test func labelsWithMoreSamplesAreNotPreferred() throws {
        // Two labels, mirrored, one with ten times the samples: between their means neither wins.
        var statistics = LabelStatistics(featureCount: 2)
        for _ in 0..<10 {
            for noise in [-100, 100] as [Int16] {
                try statistics.add(RootFeatures(values: [1000 + noise, noise]), label: 1)
            }
        }
        for noise in [-100, 100] as [Int16] {
            try statistics.add(RootFeatures(values: [-1000 + noise, noise]), label: 2)
        }
        let head = AnalyticHead(statistics, calibration: .init(shrinkage: 0.5, temperature: 1))
        let probabilities = head.probabilities(of: RootFeatures(values: [0, 0]))
        // Scores of a few hundred cancel in 32 bits.
        #expect(abs(probabilities[0] - probabilities[1]) < 1e-3)
    }

    @Test func theSameSamplesGiveTheSameBitsInAnyOrder() throws {
        let set = clusters(counts: [12, 5, 9], featureCount: 150, spread: 1, seed: 8)
        var (forward, backward) = (LabelStatistics(featureCount: 150), LabelStatistics(featureCount: 150))
        try forward.add(set.features, labels: set.labels)
        for row in (0..<set.count).reversed() {
            try backward.add(RootFeatures(values: Array(set.features[row])), label: set.labels[row])
        }
        #expect(AnalyticHead(forward) == AnalyticHead(backward))
    }

    @Test func guessGrowsSurerWithSamples() {
        let guesses = [10, 100, 1000, 10000].map {
            AnalyticHead.Calibration.guess(sampleCount: $0, labelCount: 5, featureCount: 1280)
        }
        for (fewer, more) in zip(guesses, guesses.dropFirst()) {
            #expect(fewer.shrinkage > more.shrinkage && fewer.temperature > more.temperature)
        }
        #expect(guesses.allSatisfy { $0.shrinkage > 0 && $0.shrinkage <= 1 && $0.temperature >= 1 })
    }
}
