import GraftService
import Testing

@Suite struct HistogramTests {
    @Test func aDurationCountsInEveryBucketThatItFits() {
        var histogram = Histogram(bounds: [0.1, 0.5, 1])
        for seconds in [0.05, 0.1, 0.4, 0.75, 3] { histogram.add(seconds) }
        // A bound belongs to its bucket, as Prometheus has it; 3 s exceed every bound.
        #expect(histogram.cumulative == [2, 3, 4])
        #expect(histogram.count == 5)
        #expect(abs(histogram.sum - 4.3) < 1e-12)
    }
}
