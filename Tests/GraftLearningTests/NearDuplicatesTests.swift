import Foundation
import GraftLearning
import TestSupport
import Testing

@Suite struct NearDuplicatesTests {
    /// Not negative, as what leaves a rectifier, with a cosine of about 1 / √(1 + noise²) to the first.
    private func pair(noise: Float, using generator: inout SeededGenerator) -> (RootFeatures, RootFeatures) {
        let first = (0..<1280).map { _ in generator.normal() }
        let second = first.map { $0 + noise * generator.normal() }
        func features(_ roots: [Float]) -> RootFeatures { RootFeatures(quantizing: roots.map { $0 * abs($0) }) }
        return (features(first), features(second))
    }

    @Test(arguments: [(noise: 0.1, near: true), (noise: 0.25, near: true), (noise: 0.5, near: false)])
    func closeFeaturesAreFoundAndOthersAreNot(noise: Double, near: Bool) {
        var generator = SeededGenerator(seed: 1)
        for _ in 0..<20 {
            let (first, second) = pair(noise: Float(noise), using: &generator)
            var index = SketchIndex()
            index.add("first", label: 1, sketch: FeatureSketch(first), isOriginal: true)
            #expect(Nearness(LabelStatistics(featureCount: 1280)).areNear(first, second) == near)
            // What is near has to be among the candidates; these are then looked at whole.
            let candidates = index.candidates(FeatureSketch(second), label: 1)
            #expect(!near || candidates == ["first"])
            #expect(index.candidates(FeatureSketch(second), label: 2).isEmpty)
        }
    }

    /// Pictures of one scene: all have nearly the same features, and are not the same picture for that.
    @Test func whatIsAsFarApartAsAllOthersIsNotNear() throws {
        var generator = SeededGenerator(seed: 6)
        let scene = (0..<64).map { _ in 4 + generator.normal() }
        let pictures = (0..<30).map { _ in
            RootFeatures(quantizing: scene.map { $0 + 0.2 * generator.normal() })
        }
        let copy = RootFeatures(values: pictures[0].values.map { $0 + 1 })
        var statistics = LabelStatistics(featureCount: 64)
        #expect(Nearness(statistics).areNear(pictures[0], pictures[1]))
        for picture in pictures { try statistics.add(picture, label: 1) }
        let nearness = Nearness(statistics)
        #expect(!nearness.areNear(pictures[0], pictures[1]))
        #expect(nearness.areNear(pictures[0], copy))
    }

    @Test func sketchesDifferByTheAngle() {
        var generator = SeededGenerator(seed: 2)
        var differing = 0
        for _ in 0..<50 {
            let (first, second) = pair(noise: 1, using: &generator)
            differing += FeatureSketch(first).distance(to: FeatureSketch(second))
        }
        // 45° of 180°; 25,600 bits, so one standard error is 0.3 points.
        #expect(abs(Double(differing) / (50 * 512) - 0.25) < 0.02)
    }

    @Test func theClosestComeFirstAndAreFew() {
        var generator = SeededGenerator(seed: 3)
        let base = (0..<1280).map { _ in generator.normal() }
        func variant(_ noise: Float) -> FeatureSketch {
            FeatureSketch(RootFeatures(quantizing: base.map { $0 + noise * generator.normal() }))
        }
        var index = SketchIndex()
        for step in (0..<10).reversed() {
            index.add("\(step)", label: 1, sketch: variant(0.01 + Float(step) * 0.02), isOriginal: true)
        }
        let found = index.candidates(FeatureSketch(RootFeatures(quantizing: base)), label: 1)
        #expect(found.count == SketchIndex.candidateLimit && found[0] == "0")
        #expect(Set(found).isSubset(of: ["0", "1", "2", "3", "4", "5"]))
    }

    @Test func samplesFollowTheirLabelAndAreForgotten() {
        var generator = SeededGenerator(seed: 4)
        let sketch = FeatureSketch(randomFeatures(count: 40, using: &generator))
        var index = SketchIndex()
        index.add("a", label: 1, sketch: sketch, isOriginal: true)
        index.move("a", from: 1, to: 2)
        #expect(index.candidates(sketch, label: 1).isEmpty && index.candidates(sketch, label: 2) == ["a"])
        index.move("a", from: 2, to: nil)
        #expect(index.candidates(sketch, label: 2).isEmpty)
    }

    @Test func theNearestIsSoughtAmongOriginals() {
        var generator = SeededGenerator(seed: 7)
        let base = (0..<1280).map { _ in generator.normal() }
        func variant(_ noise: Float) -> FeatureSketch {
            FeatureSketch(RootFeatures(quantizing: base.map { $0 + noise * generator.normal() }))
        }
        let (close, middle, far) = (variant(0.1), variant(0.5), variant(2))
        let sketch = FeatureSketch(RootFeatures(quantizing: base))
        var index = SketchIndex()
        #expect(index.distance(ofNearestTo: sketch, label: 1) == nil)
        index.add("close", label: 1, sketch: close, isOriginal: false)
        // A label whose samples are all nearly copies of others'.
        #expect(index.distance(ofNearestTo: sketch, label: 1) == sketch.distance(to: close))
        index.add("far", label: 1, sketch: far, isOriginal: true)
        index.add("middle", label: 1, sketch: middle, isOriginal: true)
        #expect(index.distance(ofNearestTo: sketch, label: 1) == sketch.distance(to: middle))
        #expect(index.distance(ofNearestTo: middle, label: 1, leavingOutItself: true) == middle.distance(to: far))
        #expect(index.candidates(sketch, label: 1).first == "close")
        index.move("middle", from: 1, to: 2)
        #expect(index.distance(ofNearestTo: sketch, label: 1) == sketch.distance(to: far))
        #expect(index.distance(ofNearestTo: sketch, label: 2) == sketch.distance(to: middle))
        #expect(index.distance(ofNearestTo: middle, label: 2, leavingOutItself: true) == nil)
        // What moved is still an original, and what stayed is in its place.
        index.add("copy", label: 2, sketch: close, isOriginal: false)
        #expect(index.distance(ofNearestTo: sketch, label: 2) == sketch.distance(to: middle))
        index.move("far", from: 1, to: nil)
        #expect(index.distance(ofNearestTo: sketch, label: 1) == sketch.distance(to: close))
    }

    /// They are kept with samples, so what makes them has to make the same for ever: here as a plain loop over the definition,
    /// in Python, gave them.
    @Test(arguments: [
        (40, "a0f3f8af286f7d2fa0f3f8af286f7d2f"),
        (700, "8214d1305ce6a2a1c059d02ed496252d"),
        (1280, "647bfb14fc6d66f3f0ecef10510b35e2"),
    ])
    func sketchesStayWhatTheyWere(_ count: Int, _ beginning: String) {
        let values = (0..<count).map { Int16($0 * $0 * 7919 % 30011 - 9000) }
        let bytes = FeatureSketch(RootFeatures(values: values)).bytes.prefix(16)
        #expect(bytes.map { String(format: "%02x", $0) }.joined() == beginning)
    }

    @Test func bytesGiveTheSameSketch() {
        var generator = SeededGenerator(seed: 5)
        let sketch = FeatureSketch(randomFeatures(count: 700, using: &generator))
        #expect(FeatureSketch(bytes: sketch.bytes) == sketch)
        #expect(FeatureSketch(bytes: []) == nil)
    }
}
