import GraftLearning
import Testing

@Suite struct CombinedAnswerTests {
    private static let features = RootFeatures(quantizing: [0.3, 1.2, 0, 2])

    private static func analytic(_ labels: [Int64]) throws -> AnalyticHead {
        var statistics = LabelStatistics(featureCount: 4)
        var generator = SeededGenerator(seed: 11)
        for label in labels {
            for _ in 0..<4 {
                try statistics.add(
                    RootFeatures(quantizing: (0..<4).map { _ in abs(generator.normal()) }), label: label)
            }
        }
        return AnalyticHead(statistics)
    }

    /// Ignores the features, so that its probabilities are plain.
    private static func version(_ logits: [(Int64, Float)]) -> LinearHead {
        LinearHead(
            labels: logits.map(\.0), featureCount: 4, weights: [Float](repeating: 0, count: logits.count * 4),
            bias: logits.map(\.1), temperature: 1)
    }

    @Test func newLabelsKeepTheAnalyticPosteriorAndTheVersionSharesTheRest() throws {
        let analytic = try Self.analytic([1, 2, 3, 4])
        let version = Self.version([(2, 0), (4, 1)])
        let prior = analytic.probabilities(of: Self.features)
        let share = version.probabilities(of: Self.features)
        let answer = CombinedAnswer.probabilities(
            analytic: analytic, version: version, features: Self.features)
        #expect(answer.map(\.label) == [1, 2, 3, 4])
        #expect(answer[0].probability == prior[0])
        #expect(answer[2].probability == prior[2])
        let left = prior[1] + prior[3]
        // One rounding each.
        #expect(abs(answer[1].probability - left * share[0]) < 1e-6)
        #expect(abs(answer[3].probability - left * share[1]) < 1e-6)
    }

    @Test(arguments: [[], [1], [1, 2, 3], [2, 9], [9], [0, 3, 5]] as [[Int64]])
    func probabilitiesSumToOneOverTheLivingLabels(versionLabels: [Int64]) throws {
        let analytic = try Self.analytic([1, 2, 3])
        let version = Self.version(versionLabels.map { ($0, Float($0) / 3) })
        let answer = CombinedAnswer.probabilities(
            analytic: analytic, version: version, features: Self.features)
        let again = CombinedAnswer.probabilities(analytic: analytic, version: version, features: Self.features)
        #expect(answer.map(\.label) == [1, 2, 3])
        #expect(abs(answer.reduce(0) { $0 + $1.probability } - 1) < 1e-6)  // a few roundings
        #expect(answer.map(\.probability) == again.map(\.probability))
    }

    @Test func withoutAVersionTheAnalyticHeadAnswers() throws {
        let analytic = try Self.analytic([5, 6])
        let answer = CombinedAnswer.probabilities(analytic: analytic, version: nil, features: Self.features)
        #expect(answer.map(\.probability) == analytic.probabilities(of: Self.features))
    }

    @Test func aVersionThatGivesLivingLabelsNothingLeavesThemAsTheyWere() throws {
        let analytic = try Self.analytic([1, 2])
        let version = Self.version([(1, -500), (9, 500)])
        let answer = CombinedAnswer.probabilities(
            analytic: analytic, version: version, features: Self.features)
        #expect(answer.map(\.probability) == analytic.probabilities(of: Self.features))
    }
}
