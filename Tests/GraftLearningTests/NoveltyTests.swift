import GraftLearning
import TestSupport
import Testing

@Suite struct NoveltyTests {
    /// Eight labels with 40 samples each, and 60 images of each of four others.
    private struct Setting {
        var statistics: LabelStatistics
        var known: [KnownSample] = []
        var sketches = SketchIndex()
        var fresh: [RootFeatures] = []
        var strange: [RootFeatures] = []

        init(features: Int = 48, negatives: Int = 0) throws {
            statistics = LabelStatistics(featureCount: features)
            var generator = SeededGenerator(seed: 3)
            func sample(_ centre: [Float]) -> RootFeatures {
                RootFeatures(quantizing: centre.map { $0 + 1.2 * generator.normal() })
            }
            for label in 0..<12 {
                let centre = (0..<features).map { _ in generator.normal() }
                if label < 8 {
                    for _ in 0..<40 {
                        let learned = sample(centre)
                        try statistics.add(learned, label: Int64(label))
                        sketches.add(
                            "\(known.count)", label: Int64(label), sketch: FeatureSketch(learned), isOriginal: true)
                        known.append(KnownSample(label: Int64(label), features: learned))
                    }
                    for _ in 0..<60 { fresh.append(sample(centre)) }
                } else {
                    for _ in 0..<negatives { try statistics.add(sample(centre), label: LabelStatistics.background) }
                    for _ in 0..<60 { strange.append(sample(centre)) }
                }
            }
        }

        func novelty() -> Novelty {
            Novelty(
                statistics, calibration: .init(shrinkage: 0.3, temperature: 3), known: known, sketches: sketches)
        }
    }

    /// Of the pairs of a strange and a known image, the fraction in which the strange one is more novel.
    private func area(_ known: [Float], _ strange: [Float]) -> Double {
        let won = strange.reduce(0.0) { sum, s in
            sum + known.reduce(0.0) { $0 + ($1 < s ? 1 : $1 == s ? 0.5 : 0) }
        }
        return won / Double(known.count * strange.count)
    }

    @Test func imagesOfOtherLabelsAreMoreNovelAndFewKnownOnesAreCalledUnknown() throws {
        let setting = try Setting()
        let novelty = setting.novelty()
        let known = setting.fresh.map { novelty.novelty(of: $0) }
        let strange = setting.strange.map { novelty.novelty(of: $0) }
        #expect((known + strange).allSatisfy { $0 >= 0 && $0 < 1 })
        #expect(area(known, strange) > 0.9)
        // 480 images at 5 %: one standard error is 1 point, and the scale, of 320 samples, adds as much.
        let called = known.count { $0 > NoveltyScale.unknownFrom }
        #expect(called < Int(0.08 * Double(known.count)) && called > Int(0.02 * Double(known.count)))
        // A percentile: half the known images are below one half.
        #expect(abs(Double(known.count { $0 < 0.5 }) / Double(known.count) - 0.5) < 0.07)
    }

    @Test func negativeExamplesMakeTheirLikeUnknownAndKeepTheLabels() throws {
        let (without, with) = (try Setting(), try Setting(negatives: 30))
        let (before, after) = (without.novelty(), with.novelty())
        #expect(after.analytic.labels == before.analytic.labels && after.analytic.background != nil)
        func unknown(_ novelty: Novelty, _ images: [RootFeatures]) -> Int {
            images.count { novelty.novelty(of: $0) > NoveltyScale.unknownFrom }
        }
        #expect(unknown(after, with.strange) > 200 && unknown(after, with.strange) > unknown(before, without.strange))
        #expect(unknown(after, with.fresh) < 38)  // 8 % of 480
        let image = with.fresh[0]
        #expect(abs(after.analytic.probabilities(of: image).reduce(0, +) - 1) < 1e-5)  // eight roundings
    }

    /// What the closed form says of a sample is what a head says that was solved without it.
    @Test func leavingASampleOutInClosedFormIsSolvingWithoutIt() throws {
        let setting = try Setting(negatives: 10)
        for number in [5, 170, 301] {
            let known = setting.known[number]
            var (without, others) = (setting.statistics, setting.sketches)
            without.remove(known.features, label: known.label)
            others.move("\(number)", from: known.label, to: nil)
            let brute = Novelty(
                without, calibration: .init(shrinkage: 0.3, temperature: 3), known: [], sketches: others)
            let closed = Novelty(
                setting.statistics, calibration: .init(shrinkage: 0.3, temperature: 3), known: [known],
                sketches: setting.sketches)
            // One of 360 samples more or less in the covariance's scale, which is left aside: 0.3 % of a score.
            let (expected, found) = (brute.score(of: known.features), closed.scale.scores[0])
            #expect(abs(expected - found) < 0.02 * max(abs(expected), 0.5))
        }
    }

    /// Two images that every label's mean says the same of.
    @Test func anImageLikeASampleIsLessNovelThanOneLikeNone() throws {
        let setting = try Setting()
        let sample = setting.known[3]
        var far = SketchIndex()
        // The same labels, as if other samples had led to the same statistics.
        for strange in setting.strange {
            far.add("far", label: sample.label, sketch: FeatureSketch(strange), isOriginal: true)
        }
        let calibration = AnalyticHead.Calibration(shrinkage: 0.3, temperature: 3)
        let near = Novelty(setting.statistics, calibration: calibration, known: [], sketches: setting.sketches)
        let distant = Novelty(setting.statistics, calibration: calibration, known: [], sketches: far)
        let none = Novelty(setting.statistics, calibration: calibration, known: [], sketches: SketchIndex())
        #expect(near.score(of: sample.features) == none.score(of: sample.features))  // an angle of 0 to itself
        #expect(distant.score(of: sample.features) > near.score(of: sample.features) + 0.5)
    }

    @Test func withoutKnownSamplesNothingIsNovel() throws {
        let setting = try Setting()
        let novelty = Novelty(setting.statistics, calibration: nil, known: [], sketches: setting.sketches)
        #expect(novelty.novelty(of: setting.strange[0]) == 0)
    }

    @Test func oneLabelAloneIsNeverUnknown() throws {
        var statistics = LabelStatistics(featureCount: 3)
        let samples = [[1, 2, 3], [2, 1, 3], [3, 2, 1]].map { RootFeatures(quantizing: $0) }
        for sample in samples { try statistics.add(sample, label: 7) }
        let novelty = Novelty(
            statistics, calibration: nil, known: samples.map { KnownSample(label: 7, features: $0) },
            sketches: SketchIndex())
        #expect(novelty.novelty(of: RootFeatures(quantizing: [9, 0, 0])) == 0)
    }
}

@Suite struct NoveltyScaleTests {
    @Test func noveltyGrowsWithTheScoreAndStaysBelowOne() {
        let scale = NoveltyScale([3, 1, 2, 2, 5])
        let values = stride(from: Float(0), through: 60, by: 0.25).map { scale.novelty(ofScore: $0) }
        #expect(zip(values, values.dropFirst()).allSatisfy { $0 <= $1 })
        #expect(values.first == 0 && values.last! < 1)
        // Four of six ranks are surely below the largest sample.
        #expect(scale.novelty(ofScore: 5) == 4 / 6 as Float)
    }

    /// 1 in 20 needs at least 20 others to be compared with.
    @Test(arguments: [(samples: 19, most: false), (samples: 20, most: true)])
    func fewSamplesCallNothingUnknown(samples: Int, most: Bool) {
        let scale = NoveltyScale((0..<samples).map(Float.init))
        #expect((scale.novelty(ofScore: Float(samples) * 10) > NoveltyScale.unknownFrom) == most)
    }

    @Test func whatIsNoNumberIsNotNovel() {
        #expect(NoveltyScale([1, .nan, 2]).novelty(ofScore: .nan) == 0)
        #expect(NoveltyScale([]).novelty(ofScore: 4) == 0)
    }
}
