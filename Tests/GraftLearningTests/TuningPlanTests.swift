import GraftLearning
import Testing

@Suite struct TuningPlanTests {
    // The blocks of EfficientNet-Lite0 above its default cut take 1.4 · 10⁸ products an image: 34,714 passes in 180 s.
    private func plan(samples: Int, multiplyAdds: Int = 140_000_000, seconds: Int = 180, folds: Int = 5) -> TuningPlan {
        TuningPlan(
            samples: samples, epochs: 5, batch: 32, multiplyAdds: multiplyAdds, timeLimit: .seconds(seconds),
            folds: folds, judgings: 3)
    }

    @Test(arguments: [
        // Few samples are seen more often.
        (samples: 100, folds: 5, epochs: 20, learned: 100),
        (samples: 400, folds: 5, epochs: 16, learned: 400),
        (samples: 1_257, folds: 5, epochs: 5, learned: 1_257),
        // More of them leave fewer folds, then fewer epochs, then leave samples out.
        (samples: 3_000, folds: 3, epochs: 4, learned: 3_000),
        (samples: 5_000, folds: 1, epochs: 5, learned: 5_000),
        (samples: 10_000, folds: 1, epochs: 3, learned: 10_000),
        // Half of the time is for learning, though publishing takes more.
        (samples: 100_000, folds: 1, epochs: 1, learned: 16_221),
    ])
    func samplesDecideWhatIsTakenOn(samples: Int, folds: Int, epochs: Int, learned: Int) {
        #expect(plan(samples: samples) == TuningPlan(folds: folds, epochs: epochs, samples: learned))
    }

    @Test(arguments: [10, 300, 2_000, 30_000, 1_000_000], [1_000_000, 140_000_000, 3_000_000_000])
    func stepsFitTheLimit(samples: Int, multiplyAdds: Int) {
        let plan = plan(samples: samples, multiplyAdds: multiplyAdds)
        // Back takes twice as much as forward, and each model is asked thrice about the fifth that it did not learn from.
        let products = Double(multiplyAdds * plan.samples * plan.folds) * (3 * 0.8 * Double(plan.epochs) + 3 * 0.2)
        // Two batches are learned from whatever they take.
        #expect(products <= 180 * TuningPlan.multiplyAddsPerSecond || plan.samples <= 64)
        #expect(plan.folds >= 1 && plan.epochs >= 1 && plan.samples <= samples)
    }

    // Publishing very many samples takes longer than the limit, and must not keep them from being learned.
    @Test(arguments: [100, 1_257, 5_000, 10_000, 100_000, 1_000_000])
    func aMachineOfTheUsualSpeedTakesOnTheUsualPlan(samples: Int) {
        #expect(plan(samples: samples).work(judgings: 3, published: samples) <= 34_715)
    }

    @Test func moreTimeIsUsed() {
        #expect(plan(samples: 10_000, seconds: 600) == TuningPlan(folds: 3, epochs: 4, samples: 10_000))
        #expect(plan(samples: 1_257, folds: 1).folds == 1)
    }

    @Test(arguments: [100, 1_257, 10_000, 100_000], [1_000_000, 140_000_000])
    func smallerSharesAreLessWork(samples: Int, multiplyAdds: Int) {
        let usual = TuningPlan(
            samples: samples, epochs: 5, batch: 32, multiplyAdds: multiplyAdds, timeLimit: .seconds(180),
            judgings: 3)
        for share in TuningPlan.shares {
            let plan = TuningPlan(
                samples: samples, epochs: 5, batch: 32, multiplyAdds: multiplyAdds, timeLimit: .seconds(180),
                judgings: 3, share: share)
            // The usual plan may leave a quarter of what fits, because epochs are whole; two batches are always learned from.
            #expect(plan.work(judgings: 0) <= share * usual.work(judgings: 0) / 0.75 || plan.samples <= 64)
        }
    }
}
