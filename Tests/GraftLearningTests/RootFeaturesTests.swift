import GraftLearning
import Testing

@Suite struct RootFeaturesTests {
    @Test(
        arguments: [
            (0, 0), (1, 2048), (-1, -2048), (4, 4096), (6, 5017), (0.25, 1024), (1e-9, 0), (-6, -5017),
            // 16² is the first feature whose root does not fit.
            (256, 32767), (.greatestFiniteMagnitude, 32767), (-.infinity, -32767), (.infinity, 32767), (.nan, 0),
        ] as [(Float, Int16)])
    func valueIsTheSignedRootInUnits(feature: Float, expected: Int16) {
        #expect(RootFeatures(quantizing: [feature]).values == [expected])
    }

    @Test func squaresGiveTheFeaturesBack() {
        let features = (0...600).map { Float($0) / 100 }
        for (feature, root) in zip(features, RootFeatures(quantizing: features).roots) {
            // Half a unit of the root, 2⁻¹², times the slope of the square, 2·√6 at most.
            #expect(abs(root * root - feature) < 5 / 4096)
        }
    }
}
