import GraftLearning
import Synchronization
import Testing

@Suite struct HeadTrainingTests {
    @Test func learnsWhatCanBeLearnedAndPassesTheGate() throws {
        let trained = try HeadTraining().train(clusters(counts: [40, 25, 30, 12], spread: 1, seed: 1))
        #expect(trained.head.labels == [1, 2, 3, 4])
        // Centres are √48 ≈ 7 apart in a spread of 1: nearly no sample lies nearer to another.
        #expect(trained.evaluation.balancedAccuracy > 0.9)
        #expect(trained.evaluation.calibrationError < 0.1)
        #expect(trained.verdict.publish)
        #expect(trained.outOfFold.rows == Array(0..<107))
    }

    @Test func theSameSetGivesTheSameBitsOnAnyNumberOfThreads() throws {
        let set = clusters(counts: [20, 15, 9], spread: 2, seed: 2)
        let once = try HeadTraining().train(set)
        var training = HeadTraining()
        training.threads = 3
        #expect(try training.train(set) == once)
    }

    @Test func aHeadOverPlainFeaturesLearnsTheSame() throws {
        let set = clusters(counts: [40, 25, 30, 12], spread: 1, seed: 1)
        var training = HeadTraining()
        training.space = .plain
        let trained = try training.train(set)
        #expect(trained.head.space == .plain)
        // As above, where the head is over roots.
        #expect(trained.evaluation.balancedAccuracy > 0.9)
        #expect(trained.evaluation.calibrationError < 0.1)
        #expect(trained.verdict.publish)
        let right = (0..<set.count).count { row in
            let probabilities = trained.head.probabilities(of: RootFeatures(values: Array(set.features[row])))
            return trained.head.labels[probabilities.indices.max { probabilities[$0] < probabilities[$1] }!]
                == set.labels[row]
        }
        // What was held out was right in more than nine of ten; what was learned is better.
        #expect(right > set.count * 9 / 10)
        training.threads = 3
        #expect(try training.train(set) == trained)
    }

    @Test func labelsWithFewSamplesAreLeftToTheAnalyticHead() throws {
        let trained = try HeadTraining().train(clusters(counts: [20, 4, 15, 1], spread: 1, seed: 3))
        #expect(trained.head.labels == [1, 3])
        // They are predicted, but do not count.
        #expect(trained.outOfFold.rows.count == 40)
        #expect(trained.evaluation.samples == 35)
    }

    @Test func whatAnOlderVersionLacksIsToldOfEverySample() throws {
        let set = clusters(counts: [40, 25, 30, 12], spread: 3, seed: 5)
        var training = HeadTraining()
        #expect(try training.train(set).outOfFold.lacked.isEmpty)
        training.incumbentLabels = [1, 3]
        let outOfFold = try training.train(set).outOfFold
        #expect(outOfFold.lacked.count == outOfFold.rows.count)
        for (row, (lacked, now)) in zip(outOfFold.rows, zip(outOfFold.lacked, outOfFold.incumbent)) {
            #expect(lacked.label == 2 || lacked.label == 4)
            // Alone, the analytic head says either that, or a label of the version.
            if [2, 4].contains(now.label) {
                #expect(lacked.label == now.label && lacked.probability == now.probability)
            } else {
                #expect(lacked.known >= now.probability && lacked.probability <= now.probability)
            }
            // Of [1, 3] the version says the first, with certainty and as if it knew nothing.
            let sure = lacked.answer(beside: 1, probability: 1)
            #expect(sure == (lacked.probability > lacked.known ? lacked.label : 1), "row \(row)")
            let unsure = lacked.answer(beside: 1, probability: 0.5)
            #expect(unsure == (lacked.probability > lacked.known / 2 ? lacked.label : 1), "row \(row)")
        }
        // All three cases are among them.
        #expect(Set(outOfFold.lacked.map { $0.answer(beside: 1, probability: 1) }) == [1, 2, 4])
    }

    @Test func probabilitiesOutOfFoldAreCalibrated() throws {
        // Overlapping labels: a head that believed its training samples would be far too sure.
        let trained = try HeadTraining().train(clusters(counts: [60, 60, 60], spread: 4, seed: 4))
        #expect(trained.evaluation.accuracy < 0.95)
        // Of 180 samples in 15 bins the error of a perfect head is about 0.06.
        #expect(trained.evaluation.calibrationError < 0.15)
        #expect(trained.evaluation.logLoss < 1.0986)  // log 3: no better than not knowing
    }

    @Test func withoutWorkTheAnalyticHeadsWeightsArePublished() throws {
        let set = clusters(counts: [40, 25, 30, 4], spread: 1, seed: 1)
        var training = HeadTraining()
        training.workLimit = 0
        let trained = try training.train(set)
        #expect(trained.strength == nil)
        #expect(trained.head.labels == [1, 2, 3])
        var statistics = LabelStatistics(featureCount: set.features.featureCount)
        try statistics.add(set.features, labels: set.labels)
        let analytic = AnalyticHead(statistics, calibration: trained.calibration).linear.keeping([1, 2, 3])
        #expect(trained.head.weights == analytic.weights && trained.head.bias == analytic.bias)
        // One fold in five was judged.
        #expect(trained.outOfFold.rows == set.folds.indices.filter { set.folds[$0] == 0 })
        #expect(trained.evaluation.balancedAccuracy > 0.9)
    }

    @Test func tooFewLabelsAreRefused() {
        #expect(throws: HeadTrainingError.tooFewLabels(found: 1, samplesPerLabel: 5)) {
            try HeadTraining().train(clusters(counts: [20, 4], spread: 1, seed: 5))
        }
        #expect(throws: HeadTrainingError.tooFewLabels(found: 0, samplesPerLabel: 5)) {
            try HeadTraining().train(TrainingSet(featureCount: 4))
        }
    }

    @Test func oneGroupCannotBeHeldOut() {
        let set = clusters(counts: [10, 10], spread: 1, seed: 6)
        #expect(throws: HeadTrainingError.nothingToHoldOut(samples: 20)) {
            try HeadTraining().train(
                TrainingSet(features: set.features, labels: set.labels, folds: [Int](repeating: 2, count: 20)))
        }
    }

    @Test func labelsThatLiveInOneFoldAreJudgedToo() throws {
        // Held out, label 2 is unknown to the head that judges it.
        let set = clusters(counts: [20, 6, 20], spread: 1, seed: 7)
        let trained = try HeadTraining().train(
            TrainingSet(
                features: set.features, labels: set.labels,
                folds: set.labels.enumerated().map { $1 == 2 ? 0 : $0 % 5 }))
        #expect(trained.head.labels == [1, 2, 3])
        #expect(trained.evaluation.labels[1].recall == 0)
        #expect(trained.evaluation.logLoss.isFinite)
    }

    @Test func progressRisesToOneAndCancellingStops() throws {
        let set = clusters(counts: [20, 15], spread: 1, seed: 8)
        let fractions = Mutex<[Double]>([])
        _ = try HeadTraining().train(set, progress: { fraction, _ in fractions.withLock { $0.append(fraction) } })
        let told = fractions.withLock { $0 }
        #expect(told == told.sorted() && told.last == 1 && told.count > 5)
        let asked = Mutex(0)
        #expect(throws: HeadTrainingError.cancelled) {
            try HeadTraining().train(
                set,
                isCancelled: {
                    asked.withLock {
                        $0 += 1
                        return $0 > 40
                    }
                })
        }
    }
}
