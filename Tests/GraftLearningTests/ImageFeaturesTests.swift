import GraftLearning
import Testing

@Suite struct ImageFeaturesTests {
    @Test func answersSeeWhatTheNetworkGaveAndLearningSeesItRounded() {
        let features = ImageFeatures([0, 2, -0.25, 0.1])
        #expect(features.values(in: .plain) == [0, 2, -0.25, 0.1])
        #expect(features.values(in: .roots) == [0, Float(2).squareRoot(), -0.5, Float(0.1).squareRoot()])
        #expect(features.kept == RootFeatures(quantizing: [0, 2, -0.25, 0.1]))
        for space in FeatureSpace.allCases {
            for (seen, kept) in zip(features.values(in: space), features.kept.values(in: space)) {
                // Half a unit of the root, and what that is to its square.
                #expect(abs(seen - kept) <= 0.5 / RootFeatures.scale * (space == .roots ? 1 : 2 * 1.5))
            }
        }
    }

    @Test func plainFeaturesAreTheSignedSquaresOfTheRoots() {
        #expect(RootFeatures(values: [2048, -1024, 0]).values(in: .plain) == [1, -0.25, 0])
    }

    @Test func whatIsNoFeatureCountsAsNothing() {
        #expect(ImageFeatures([.nan, .infinity]).values(in: .plain) == [0, 0])
        // A root is at most the largest that can be kept.
        #expect(ImageFeatures([1e6]).values(in: .roots) == [Float(Int16.max) / RootFeatures.scale])
    }

    @Test func aHeadSeesItsOwnSpace() {
        let features = ImageFeatures([4, -9])
        func logits(_ space: FeatureSpace) -> [Float] {
            LinearHead(
                labels: [1, 2], featureCount: 2, space: space, weights: [1, 0, 0, 1], bias: [0, 0.5], temperature: 1
            ).logits(of: features)
        }
        #expect(logits(.roots) == [2, -2.5])
        #expect(logits(.plain) == [4, -8.5])
    }

    @Test func aHeadWithoutSomeLabelsDividesTheirShareAmongTheOthers() {
        let head = LinearHead(
            labels: [1, 4, 6], featureCount: 1, space: .plain, weights: [1, -1, 0.5], bias: [0, 1, 0], temperature: 2)
        let kept = head.keeping([1, 6, 99])
        #expect(kept.labels == [1, 6] && kept.space == .plain && kept.temperature == 2)
        let (all, some) = (head.probabilities(of: ImageFeatures([1])), kept.probabilities(of: ImageFeatures([1])))
        // A few roundings.
        #expect(abs(some[0] - all[0] / (all[0] + all[2])) < 1e-6)
        #expect(abs(some[1] - all[2] / (all[0] + all[2])) < 1e-6)
    }
}
