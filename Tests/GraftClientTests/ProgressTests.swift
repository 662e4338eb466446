import GraftClient
import Testing

@Suite struct ProgressEstimateTests {
    @Test func beforeTheFirstStepThereIsNoRate() {
        var estimate = ProgressEstimate(total: 10)
        #expect(estimate.rate == nil && estimate.remaining == nil && estimate.fraction == 0)
        estimate.advance(to: 0, at: .seconds(3))
        #expect(estimate.rate == nil)
    }

    @Test func aSteadyRateGivesTheTimeLeft() {
        var estimate = ProgressEstimate(total: 100)
        for second in 1...4 { estimate.advance(to: second * 5, at: .seconds(second)) }
        #expect(estimate.rate == 5)
        #expect(estimate.remaining == .seconds(16))
        #expect(estimate.fraction == 0.2)
    }

    @Test func theRateFollowsTheLastSeconds() {
        var estimate = ProgressEstimate(total: 1000, window: .seconds(10))
        // 10 per second for 20 s, then 1 per second for as long: only the latter counts.
        for second in 1...20 { estimate.advance(to: second * 10, at: .seconds(second)) }
        for second in 21...40 { estimate.advance(to: 200 + second - 20, at: .seconds(second)) }
        #expect(estimate.rate == 1)
    }

    @Test func nothingToDoIsDone() {
        #expect(ProgressEstimate(total: 0).fraction == 1)
    }

    @Test(arguments: [(7.9, "0:07"), (59.99, "0:59"), (750, "12:30"), (3723, "1:02:03"), (-1, "0:00")])
    func durationsReadAsClocks(seconds: Double, expected: String) {
        #expect(Duration.seconds(seconds).clock == expected)
    }
}

@Suite struct ProgressLineTests {
    @Test func theLineHoldsAllThatIsKnown() {
        var estimate = ProgressEstimate(total: 200)
        estimate.advance(to: 50, at: .seconds(2))
        let line = ProgressLine.text(title: "teaching", estimate: estimate, width: 60, unicode: false)
        #expect(line == "teaching [#####................]  25% 50/200  25/s  ETA 0:06")
    }

    @Test(arguments: 1...100) func theLineNeverWraps(width: Int) {
        var estimate = ProgressEstimate(total: 20_000)
        estimate.advance(to: 1234, at: .seconds(60))
        let line = ProgressLine.text(title: "teaching", estimate: estimate, width: width)
        #expect(line.columns <= width)
    }

    @Test(arguments: [(0, "...."), (0.49, "#..."), (1, "####"), (7, "####"), (-1, "....")])
    func theBarIsFilledByTheShare(fraction: Double, expected: String) {
        #expect(ProgressLine.bar(fraction, cells: 4, unicode: false) == expected)
    }
}
