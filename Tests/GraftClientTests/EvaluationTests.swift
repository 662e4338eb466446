import GraftClient
import Testing

@Suite struct ConfusionCountsTests {
    private var counts: ConfusionCounts {
        var counts = ConfusionCounts()
        // Of 8 cats 6 are found, of 2 dogs 1, of the one owl none.
        for answered in ["cat", "cat", "cat", "cat", "cat", "cat", "dog", "dog"] {
            counts.add(label: "cat", answered: answered)
        }
        counts.add(label: "dog", answered: "dog")
        counts.add(label: "dog", answered: "cat")
        counts.add(label: "owl", answered: "cat")
        return counts
    }

    @Test func everyImageCountsForAccuracyAndEveryLabelForBalancedAccuracy() throws {
        #expect(counts.images == 11)
        #expect(counts.accuracy == 7.0 / 11)
        #expect(counts.balancedAccuracy == (0.75 + 0.5 + 0) / 3)
        #expect(counts.recalls.map(\.label) == ["cat", "dog", "owl"])
        #expect(counts.recalls.map(\.recall) == [0.75, 0.5, 0])
    }

    @Test func theMostFrequentConfusionsComeFirst() {
        let confusions = counts.confusions(limit: 2)
        #expect(confusions.map(\.label) == ["cat", "dog"])
        #expect(confusions.map(\.answered) == ["dog", "cat"])
        #expect(confusions.map(\.images) == [2, 1])
    }

    @Test func withoutImagesThereIsNoAccuracy() {
        #expect(ConfusionCounts().accuracy == nil && ConfusionCounts().balancedAccuracy == nil)
    }
}

@Suite struct PercentileTests {
    /// The nearest-rank values of 1...20.
    @Test(arguments: [(0.5, 10.0), (0.95, 19), (0.951, 20), (1, 20), (0, 1)])
    func theNearestRankIsTaken(fraction: Double, expected: Double) {
        #expect((1...20).map(Double.init).shuffled().percentile(fraction) == expected)
    }

    @Test func nothingHasNone() { #expect([Double]().percentile(0.5) == nil) }
}

@Suite struct BackboneNameTests {
    @Test(arguments: [
        ("efficientnet_lite0", true), ("Shop-2.1", true), ("", false), (".hidden", false), ("..", false),
        ("a/b", false), ("ä", false), (String(repeating: "a", count: 65), false),
    ])
    func aNameFitsAFolder(name: String, isUsable: Bool) { #expect(BackboneName.isUsable(name) == isUsable) }
}
