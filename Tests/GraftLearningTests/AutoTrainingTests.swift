import Foundation
import GraftLearning
import GraftNetwork
import GraftTensor
import Synchronization
import Testing

/// Latents whose labels the untuned block hardly lets through: it mixes channels that say nothing of the label.
private struct Hidden {
    static let shape = MapShape(height: 3, width: 3, channels: 12)
    static let labels: [Int64] = [3, 5, 9]
    static let blocks = [
        Block(
            "mix",
            [
                .convolution(
                    Convolution(
                        "convolution", from: 12, to: 16, kernel: 1, padding: .symmetric(0), normalizationEpsilon: nil,
                        activation: .relu, sources: []))
            ]),
        Block("pool", [.globalAveragePooling]),
    ]
    var set = TrainingSet(featureCount: 16)
    var latents: [Float] = []

    init(counts: [Int]) throws {
        var generator = SeededGenerator(seed: 7)
        for (label, count) in counts.enumerated() {
            for sample in 0..<count {
                latents += (0..<Self.shape.count).map { i in
                    // The last channels tell the label.
                    let signal: Float = i % 12 == 9 + label ? 1.5 : 0
                    return 0.5 * generator.normal() + signal
                }
                // Features are filled in below.
                set.append(
                    RootFeatures(values: [Int16](repeating: 0, count: 16)), label: Self.labels[label],
                    fold: Folds.fold(ofGroup: "\(label)/\(sample)"))
            }
        }
        let top = TrainableTop(
            Self.blocks, latent: Self.shape, head: TopHead(labelCount: 1), batch: set.count,
            instructionSet: InstructionSet.available.last!, elements: Self.elements)
        let features = top.outputs(of: latents.span).features
        var filled = TrainingSet(featureCount: 16)
        for row in 0..<set.count {
            filled.append(
                RootFeatures(quantizing: Array(features[row * 16..<(row + 1) * 16])), label: set.labels[row],
                fold: set.folds[row])
        }
        set = filled
    }

    @Sendable static func elements(_ parameter: Parameter) -> [Float] {
        let count = parameter.shape.reduce(1, *)
        guard parameter.name.hasSuffix("weight") else { return [Float](repeating: 0.1, count: count) }
        var generator = SeededGenerator(seed: 1)
        // Nearly nothing comes from the channels that tell.
        return (0..<count).map { ($0 % parameter.shape.last! >= 9 ? 0.02 : 0.5) * generator.normal() }
    }

    var held: HeldLatents { HeldLatents(shape: Self.shape, values: latents) }

    var training: AutoTraining {
        var top = TopTraining(
            blocks: Self.blocks, instructionSet: InstructionSet.available.last!, elements: { Self.elements($0) })
        // A net this small needs longer steps.
        (top.recipe.blockRate, top.recipe.headRate) = (1e-2, 1e-2)
        return AutoTraining(top: top)
    }
}

/// As from a disk that takes 40 ms for each batch.
private struct SlowLatents: LatentSource {
    let latents: HeldLatents

    var shape: MapShape { latents.shape }
    var rows: [Int] { latents.rows }

    func read(_ rows: [Int], into values: inout MutableSpan<Float>) -> [Int] {
        Thread.sleep(forTimeInterval: 0.04)
        return latents.read(rows, into: &values)
    }
}

@Suite struct AutoTrainingTests {
    @Test func tunedBlocksAreKeptWhereTheyFindWhatTheHeadCannotSee() throws {
        let hidden = try Hidden(counts: [30, 25, 20])
        let outcome = try hidden.training.train(hidden.set, latents: hidden.held, seed: 1)
        let top = try #require(outcome.top)
        #expect(outcome.keepsTop, "\(outcome.reason)")
        #expect(outcome.head.evaluation.balancedAccuracy < 0.85)
        #expect(top.evaluation.balancedAccuracy > 0.95)
        #expect(top.outOfFold.rows == Array(0..<75) && top.outOfFold.incumbent == outcome.head.outOfFold.incumbent)
        #expect(top.plan.folds == 5)
        // Half of the way to what the head cannot see is worse than all of it.
        #expect(top.part == 1)

        // What is published answers samples that none of the models has seen.
        var generator = SeededGenerator(seed: 99)
        let unseen = (0..<60 * Hidden.shape.count).map { i -> Float in
            let label = i / Hidden.shape.count % 3
            return 0.5 * generator.normal() + (i % 12 == 9 + label ? 1.5 : 0)
        }
        var right = 0
        try hidden.training.top!.forEachSample(
            of: Array(0..<60), through: top.top, latents: HeldLatents(shape: Hidden.shape, values: unseen)
        ) { row, features in
            let probabilities = top.top.head.probabilities(of: features)
            let best = probabilities.indices.max { probabilities[$0] < probabilities[$1] }!
            if best == row % 3 { right += 1 }
        }
        #expect(right >= 55)
    }

    @Test func ratesAreDividedUntilTheLossDoesNotGrow() throws {
        let hidden = try Hidden(counts: [30, 25, 20])
        var training = hidden.training
        #expect(try training.train(hidden.set, latents: hidden.held, seed: 1).top?.rateDivisor == 1)
        (training.top!.recipe.blockRate, training.top!.recipe.headRate) = (3, 3)
        let slowed = try #require(try training.train(hidden.set, latents: hidden.held, seed: 1).top)
        #expect(slowed.rateDivisor > 1)
        // It is what shorter steps from the beginning come to.
        (training.top!.recipe.blockRate, training.top!.recipe.headRate) = (
            3 / slowed.rateDivisor, 3 / slowed.rateDivisor
        )
        var expected = try #require(try training.train(hidden.set, latents: hidden.held, seed: 1).top)
        #expect(expected.rateDivisor == 1)
        expected.rateDivisor = slowed.rateDivisor
        #expect(slowed == expected)
    }

    @Test func theSameSamplesAndSeedGiveTheSameBytesWhoeverHelps() async throws {
        let hidden = try Hidden(counts: [12, 9, 10])
        let once = try hidden.training.train(hidden.set, latents: hidden.held, seed: 4)
        let pool = ComputePool(threads: 3, queueLimit: 0)
        let helped = try await pool.run { worker in
            try hidden.training.train(hidden.set, latents: hidden.held, seed: 4, by: worker)
        }
        #expect(helped == once)
        #expect(try hidden.training.train(hidden.set, latents: hidden.held, seed: 5).top != once.top)
        await pool.stop()
    }

    @Test func aTopThatLearnsNothingIsNotKeptInsteadOfTheHead() throws {
        let hidden = try Hidden(counts: [30, 25, 20])
        // Latents of other samples say nothing of the label.
        let count = Hidden.shape.count
        var order = Array(0..<hidden.set.count)
        var generator = SeededGenerator(seed: 5)
        order.shuffle(using: &generator)
        let strange = order.flatMap { hidden.latents[$0 * count..<($0 + 1) * count] }
        let outcome = try hidden.training.train(
            hidden.set, latents: HeldLatents(shape: Hidden.shape, values: strange), seed: 1)
        #expect(!outcome.keepsTop && outcome.reason.hasPrefix("kept the head"), "\(outcome.reason)")
    }

    @Test func withoutLatentsBlocksOrTimeTheHeadIsKept() throws {
        let hidden = try Hidden(counts: [12, 9, 10])
        let head = try hidden.training.head.train(hidden.set)
        #expect(
            try hidden.training.train(hidden.set, latents: nil, seed: 1).reason == "kept the head: no latents are kept")
        #expect(try AutoTraining(top: nil).train(hidden.set, latents: hidden.held, seed: 1).head == head)
        var late = hidden.training
        late.top!.deadline = .now
        let outcome = try late.train(hidden.set, latents: hidden.held, seed: 1)
        #expect(outcome.head == head && outcome.top == nil && !outcome.keepsTop)
        #expect(outcome.reason.contains("time limit") && outcome.reason.contains("allow more time"))
    }

    @Test func aSlowMachineTakesOnLess() throws {
        let hidden = try Hidden(counts: [30, 25, 20])
        let usual = try #require(try hidden.training.train(hidden.set, latents: hidden.held, seed: 1).top)
        #expect(usual.share == 1)
        var slow = hidden.training
        // The usual 200 steps take 8 s, the fewest that are planned less than one.
        slow.top!.deadline = .now + .seconds(4)
        let outcome = try slow.train(hidden.set, latents: SlowLatents(latents: hidden.held), seed: 1)
        let top = try #require(outcome.top, "\(outcome.reason)")
        #expect(top.share < 1 && top.plan.work(judgings: 3) < usual.plan.work(judgings: 3))
        #expect(top.top.epochs.count == top.plan.epochs)
        // The plan alone decides what is learned.
        var planned = hidden.training
        planned.top!.plan = top.plan
        var expected = try #require(try planned.train(hidden.set, latents: hidden.held, seed: 1).top)
        (expected.share, expected.plannedFolds) = (top.share, top.plannedFolds)
        #expect(top == expected)
    }

    @Test func aModelThatIsAloneTakesLongerSteps() throws {
        let hidden = try Hidden(counts: [30, 25, 20])
        var (alone, together) = (hidden.training, hidden.training)
        alone.top!.plan = TuningPlan(folds: 1, epochs: 3, samples: 75)
        let top = try #require(try alone.train(hidden.set, latents: hidden.held, seed: 1).top)
        var longer = alone
        // Divided as the training does, so that they are the same to the last bit.
        longer.top!.recipe.blockRate /= 1 / alone.top!.loneRateFactor
        longer.top!.recipe.headRate /= 1 / alone.top!.loneRateFactor
        longer.top!.loneRateFactor = 1
        #expect(try longer.train(hidden.set, latents: hidden.held, seed: 1).top?.top == top.top)
        // Of two models none does.
        together.top!.plan = TuningPlan(folds: 2, epochs: 3, samples: 75)
        let usual = try together.train(hidden.set, latents: hidden.held, seed: 1)
        together.top!.loneRateFactor = 1
        #expect(try together.train(hidden.set, latents: hidden.held, seed: 1) == usual)
    }

    @Test func whereTimeEndsTheModelsThatAreTunedAreKept() throws {
        let hidden = try Hidden(counts: [30, 25, 20])
        var late = hidden.training
        let deadline = ContinuousClock.now + .seconds(3)
        late.top!.deadline = deadline
        let outcome = try late.train(hidden.set, latents: hidden.held, seed: 1) { _, message in
            // Two are tuned within milliseconds, the third never.
            if message == "tuning blocks, model 3 of 5" {
                Thread.sleep(forTimeInterval: max(0, (deadline - .now) / .seconds(1)) + 0.01)
            }
        }
        let top = try #require(outcome.top)
        #expect(outcome.keepsTop && top.plan.folds == 2 && top.plannedFolds == 5, "\(outcome.reason)")
        #expect(top.outOfFold.rows == (0..<75).filter { hidden.set.folds[$0] < 2 })
        #expect(top.evaluation.balancedAccuracy > 0.9)
    }

    @Test(arguments: [1, 5]) func whereTimeEndsInTheSecondHalfOfTheFirstModelItIsKeptAsItIs(folds: Int) throws {
        let hidden = try Hidden(counts: [30, 25, 20])
        var late = hidden.training
        late.top!.plan = TuningPlan(folds: folds, epochs: 8, samples: 75)
        let whole = try #require(try late.train(hidden.set, latents: hidden.held, seed: 1).top)
        #expect(whole.stepShare == 1)
        /// Trains with a deadline that comes after so many steps of the first model: each epoch has two.
        func train(steps: Int) throws -> AutoTraining.Outcome {
            let deadline = ContinuousClock.now + .seconds(3)
            late.top!.deadline = deadline
            let fraction = 0.1 + 0.9 * (Double(steps) - 0.5) / Double(16 * folds)
            return try late.train(hidden.set, latents: hidden.held, seed: 1) { done, message in
                if message.hasPrefix("tuning"), done > fraction {
                    Thread.sleep(forTimeInterval: max(0, (deadline - .now) / .seconds(1)) + 0.01)
                }
            }
        }
        let outcome = try train(steps: 11)
        let top = try #require(outcome.top, "\(outcome.reason)")
        #expect(top.stepShare == 11.0 / 16 && top.plan.folds == 1 && top.plannedFolds == folds)
        #expect(outcome.keepsTop && top.evaluation.balancedAccuracy > 0.9, "\(outcome.reason)")
        #expect(top.outOfFold.rows == (0..<75).filter { hidden.set.folds[$0] == 0 })
        // At the end of an epoch no other is begun.
        #expect(try train(steps: 8).top?.stepShare == 0.5)
        // In the first half it is far from anything.
        #expect(try train(steps: 7).top == nil)
    }

    @Test func samplesWithoutALatentAreLeftOutOfTheTopOnly() throws {
        let hidden = try Hidden(counts: [30, 25, 20])
        let rows = (0..<75).filter { $0 % 4 != 0 }
        let some = HeldLatents(
            shape: Hidden.shape,
            values: rows.flatMap { hidden.latents[$0 * Hidden.shape.count..<($0 + 1) * Hidden.shape.count] },
            rows: rows)
        let outcome = try hidden.training.train(hidden.set, latents: some, seed: 1)
        #expect(outcome.head.outOfFold.rows == Array(0..<75))
        #expect(outcome.top?.outOfFold.rows == rows)
    }

    @Test func aLabelWhoseSamplesShareAFoldIsStillAnswered() throws {
        var hidden = try Hidden(counts: [30, 25, 6])
        var set = TrainingSet(featureCount: 16)
        for row in 0..<hidden.set.count {
            let label = hidden.set.labels[row]
            set.append(
                RootFeatures(values: Array(hidden.set.features[row])), label: label,
                fold: label == 9 ? 2 : hidden.set.folds[row])
        }
        hidden.set = set
        let outcome = try hidden.training.train(set, latents: hidden.held, seed: 1)
        // One of the five models never saw it.
        #expect(try #require(outcome.top).top.head.labels == [3, 5, 9])
    }

    @Test func canBeCancelled() throws {
        let hidden = try Hidden(counts: [12, 9, 10])
        let asked = Mutex(0)
        #expect(throws: HeadTrainingError.cancelled) {
            try hidden.training.train(hidden.set, latents: hidden.held, seed: 1) { _, message in
                if message.hasPrefix("tuning") { asked.withLock { $0 += 1 } }
            } isCancelled: {
                asked.withLock { $0 > 10 }
            }
        }
        // Before the next step.
        #expect(asked.withLock { $0 } == 11)
    }
}
