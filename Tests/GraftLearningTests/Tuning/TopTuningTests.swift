import Foundation
import GraftLearning
import GraftNetwork
import GraftTensor
import Synchronization
import TestBackbones
import Testing

@Suite struct TopTuningTests {
    private static let task = TinyTask(counts: [20, 20, 20])

    private static func train(_ recipe: TuningRecipe, seed: UInt64 = 1) throws -> TunedTop {
        try TinyTask.tuning(recipe).train(task.samples, latents: task.latents, seed: seed)
    }

    // MARK: - Learning

    @Test(arguments: TuningRecipe.Head.allCases, TuningRecipe.Optimizer.allCases)
    func learnsWhatCanBeLearned(_ head: TuningRecipe.Head, _ optimizer: TuningRecipe.Optimizer) throws {
        let recipe = TinyTask.recipe {
            ($0.head, $0.hidden, $0.optimizer, $0.weightDecay) = (head, 32, optimizer, 1e-4)
        }
        let tuning = try TinyTask.tuning(recipe)
        let top = try tuning.train(Self.task.samples, latents: Self.task.latents, seed: 1)
        #expect(top.head.labels == [10, 20, 30])
        #expect(top.epochs.count == 6 && top.keptEpoch == 6)
        #expect(top.epochs.last!.loss < 0.3 * top.epochs[0].loss)
        // Other samples of the same patterns.
        #expect(try TinyTask(counts: [20, 20, 20], seed: 2).accuracy(top, tuning) > 0.95)
    }

    @Test func blocksHelpWhereAHeadAloneDoesNot() throws {
        func loss(_ change: (inout TuningRecipe) -> Void) throws -> Double {
            try Self.train(TinyTask.recipe(change)).epochs.last!.loss
        }
        #expect(try loss { _ in } < 0.5 * loss { $0.blockRate = 0 })
    }

    @Test func headAloneIsTrainedOnFeatures() throws {
        let set = clusters(counts: [30, 30, 30], spread: 0.5, seed: 3)
        for space in FeatureSpace.allCases {
            let tuning = try TopTuning(
                TinyTask.recipe { $0.epochs = 20 }, blocks: [], space: space, instructionSet: .available.last!
            ) { _ in [] }
            let top = try tuning.train(
                .init(labels: set.labels, learned: Array(set.labels.indices)),
                latents: FeatureLatents(set.features, space: space), seed: 1)
            #expect(top.blocks.isEmpty && top.parameters.isEmpty && top.head.space == space)
            let right = set.labels.indices.filter { row in
                let scores = top.head.probabilities(of: RootFeatures(values: Array(set.features[row])))
                return top.head.labels[scores.indices.max { scores[$0] < scores[$1] }!] == set.labels[row]
            }
            #expect(right.count > 85)
        }
    }

    @Test func resultHoldsWhatTrainedAndTheStatisticsAsTheyWere() throws {
        let top = try Self.train(TinyTask.recipe())
        let parameters = TinyTask.blocks.flatMap(\.parameters)
        #expect(top.blocks == ["stage1.0", "stage2.0", "stage2.1"])
        #expect(Set(top.parameters.keys) == Set(parameters.map(\.name)))
        for parameter in parameters {
            let isStatistic = parameter.name.hasSuffix(".mean") || parameter.name.hasSuffix(".variance")
            #expect((top.parameters[parameter.name] == formulaElements(parameter)) == isStatistic, "\(parameter.name)")
        }
    }

    @Test func blocksBelowTheCutAndThoseWithoutARateStayAsTheyAre() throws {
        for recipe in [
            TinyTask.recipe { $0.cut = "stage2" }, TinyTask.recipe { $0.blockRates = ["stage1.0": 0] },
        ] {
            let tuning = try TinyTask.tuning(recipe)
            let top = try tuning.train(Self.task.samples, latents: Self.task.latents, seed: 1)
            #expect(top.blocks == ["stage2.0", "stage2.1"])
            #expect(top.parameters["stage1.0.conv.weight"] == nil)
            #expect(try Self.task.accuracy(top, tuning) > 0.95)
        }
    }

    /// How far each block's filters move in one epoch. Adam's first steps are about as long as the rate, whatever the
    /// gradients.
    private static func distances(_ change: (inout TuningRecipe) -> Void) throws -> [Float] {
        let top = try train(
            TinyTask.recipe {
                $0.epochs = 1
                change(&$0)
            })
        return TinyTask.blocks.dropLast().map { block in
            let weight = block.parameters[0]
            return largestDistance(top.parameters[weight.name]!, formulaElements(weight))
        }
    }

    @Test func rateDecidesHowFarABlockMoves() throws {
        let decayed = try Self.distances { ($0.blockRate, $0.blockDecay) = (1e-3, 0.1) }
        #expect(decayed[2] > 3 * decayed[1] && decayed[1] > 3 * decayed[0])
        let named = try Self.distances {
            ($0.blockRate, $0.blockRates) = (1e-5, ["stage2": 1e-4, "stage2.0": 1e-3])
        }
        #expect(named[1] > 3 * named[2] && named[2] > 3 * named[0])
    }

    @Test func warmUpAndCosineShortenSteps() throws {
        let constant = try Self.distances { $0.blockRate = 1e-4 }
        // Both halve the mean rate: 8 steps are worth 4.5.
        for shorter in [
            try Self.distances { ($0.blockRate, $0.warmUp) = (1e-4, 1) },
            try Self.distances { ($0.blockRate, $0.schedule) = (1e-4, .cosine) },
        ] {
            for (found, full) in zip(shorter, constant) { #expect(found > 0.4 * full && found < 0.75 * full) }
        }
    }

    @Test func startsFromTheHeadItIsGiven() throws {
        let first = try Self.train(TinyTask.recipe { ($0.blockRate, $0.headRate, $0.epochs) = (0, 0.03, 40) })
        guard case .linear(let head) = first.head else { preconditionFailure() }
        // One label less, and logits that are divided by 2: as good a start for the rest.
        let start = LinearHead(
            labels: head.labels, featureCount: head.featureCount, space: head.space,
            weights: head.weights.map { 2 * $0 },
            bias: head.bias.map { 2 * $0 }, temperature: 2
        ).keeping([10, 30])
        let rows = Self.task.rows.filter { Self.task.labels[$0] != 20 }
        let samples = TopTuning.Samples(labels: Self.task.labels, learned: rows)
        func firstLoss(_ start: VersionHead?, _ samples: TopTuning.Samples) throws -> Double {
            let recipe = TinyTask.recipe { ($0.headStart, $0.batch) = (start == nil ? .random : .solved, 64) }
            var losses: [Double] = []
            _ = try TinyTask.tuning(recipe).train(
                samples, latents: Self.task.latents, seed: 1, start: start, progress: { losses.append($0.loss) })
            return losses[0]
        }
        #expect(try firstLoss(.linear(start), samples) < 0.7 * firstLoss(nil, samples))
        #expect(try firstLoss(.linear(start), samples) == firstLoss(.linear(head.keeping([10, 30])), samples))
        // A label that the start lacks is learned all the same.
        #expect(try firstLoss(.linear(start), Self.task.samples).isFinite)
    }

    // MARK: - The same bytes

    @Test func sameSeedGivesTheSameBytesWhoeverHelps() async throws {
        let recipe = TinyTask.recipe {
            ($0.head, $0.hidden, $0.dropout, $0.mirror, $0.averaging) = (.mlp, 16, 0.3, true, .moving)
        }
        let first = try Self.train(recipe)
        #expect(try Self.train(recipe) == first)
        for threads in [2, 3] {
            let pool = ComputePool(threads: threads, queueLimit: 0)
            let found = try await pool.run { worker in
                try TinyTask.tuning(recipe).train(
                    Self.task.samples, latents: Self.task.latents, seed: 1, by: worker)
            }
            #expect(found == first, "\(threads) threads")
            await pool.stop()
        }
        #expect(try Self.train(recipe, seed: 2) != first)
    }

    @Test func orderStaysWhereNothingIsShuffled() throws {
        func losses(_ shuffle: Bool, seed: UInt64) throws -> [Double] {
            var losses: [Double] = []
            let start = VersionHead.linear(
                LinearHead(
                    labels: [10, 20, 30], featureCount: 12, space: .plain, weights: [Float](repeating: 0, count: 36),
                    bias: [0, 0, 0], temperature: 1))
            _ = try TinyTask.tuning(TinyTask.recipe { $0.shuffle = shuffle }).train(
                Self.task.samples, latents: Self.task.latents, seed: seed, start: start,
                progress: { losses.append($0.loss) })
            return losses
        }
        #expect(try losses(false, seed: 1) == losses(false, seed: 2))
        #expect(try losses(true, seed: 1) != losses(true, seed: 2))
    }

    // MARK: - What is kept

    @Test func weightsOfTheEpochWithTheLeastLossOnHeldOutSamplesAreKept() throws {
        // Far apart, few, and mislabelled in part: what is held out gets worse as the rest is learned by heart.
        let task = TinyTask(counts: [12, 12, 12], spread: 2)
        var samples = task.samples
        samples.learned = Array(0..<18)
        samples.heldOut = Array(18..<36)
        let recipe = TinyTask.recipe { ($0.epochs, $0.validation, $0.patience) = (40, true, 3) }
        let tuning = try TinyTask.tuning(recipe)
        let top = try tuning.train(samples, latents: task.latents, seed: 1)
        let losses = top.epochs.map { $0.validation!.loss }
        #expect(top.epochs.count < 40 && top.keptEpoch == top.epochs.count - 3)
        #expect(losses.min() == losses[top.keptEpoch - 1])
        #expect(
            try task.accuracy(top, tuning, rows: samples.heldOut) == top.epochs[top.keptEpoch - 1].validation!.accuracy)
    }

    @Test func averagesLieBetweenWhatTheyAverage() throws {
        // The means of the ends of epochs 3 and 4, which are those of shorter trainings: rates are constant.
        func head(_ epochs: Int, _ averaging: TuningRecipe.Averaging) throws -> [Float] {
            let top = try Self.train(
                TinyTask.recipe { ($0.epochs, $0.averaging, $0.averagedEpochs) = (epochs, averaging, 2) })
            guard case .linear(let head) = top.head else { preconditionFailure() }
            return head.weights
        }
        let mean = zip(try head(3, .none), try head(4, .none)).map { ($0 + $1) / 2 }
        // One rounding each.
        #expect(largestDistance(try head(4, .epochs), mean) < 1e-6)
        let moving = try head(4, .moving)
        #expect(moving != mean && largestDistance(moving, mean) < 0.2)
    }

    @Test func balanceGivesRareLabelsTheirSay() throws {
        let task = TinyTask(counts: [60, 6], spread: 2)
        func recall(_ change: (inout TuningRecipe) -> Void) throws -> Double {
            let recipe = TinyTask.recipe {
                ($0.epochs, $0.blockRate, $0.headRate) = (3, 0, 1e-2)
                change(&$0)
            }
            let tuning = try TinyTask.tuning(recipe)
            let top = try tuning.train(task.samples, latents: task.latents, seed: 1)
            let fresh = TinyTask(counts: [0, 60], spread: 2, seed: 9)
            return try fresh.accuracy(top, tuning)
        }
        let (plain, balanced) = (try recall { _ in }, try recall { $0.labelBalance = 1 })
        let adjusted = try recall { $0.logitAdjustment = 1 }
        #expect(balanced > plain + 0.2 && adjusted > plain + 0.2)
    }

    @Test func featuresAndLogitsAreThoseOfTheTunedTop() throws {
        let recipe = TinyTask.recipe { ($0.head, $0.hidden) = (.mlp, 16) }
        let tuning = try TinyTask.tuning(recipe)
        let top = try tuning.train(Self.task.samples, latents: Self.task.latents, seed: 1)
        var seen: [Int] = []
        try tuning.forEachBatch(of: [5, 3, 4, 59], through: top, latents: Self.task.latents, batch: 3) {
            rows, features, logits in
            seen += rows
            #expect(features.count == rows.count * 12 && logits.count == rows.count * 3)
            for n in rows.indices {
                let own = ImageFeatures(Array(features[n * 12..<(n + 1) * 12]))
                // Sums of 16 and 12 terms in another order.
                #expect(largestDistance(top.head.logits(of: own), Array(logits[n * 3..<(n + 1) * 3])) < 1e-4)
            }
        }
        #expect(seen == [5, 3, 4, 59])
    }

    // MARK: - What can go wrong

    @Test func labelsWithOneSampleAreLearned() throws {
        let top = try TinyTask.tuning(TinyTask.recipe()).train(
            TinyTask(counts: [20, 1]).samples, latents: TinyTask(counts: [20, 1]).latents, seed: 1)
        #expect(top.head.labels == [10, 20])
    }

    @Test func oneLabelIsTooFew() throws {
        let task = TinyTask(counts: [5])
        #expect(throws: TuningError.tooFewLabels(found: 1)) {
            _ = try TinyTask.tuning(TinyTask.recipe()).train(task.samples, latents: task.latents, seed: 1)
        }
    }

    @Test func samplesWithoutLatentsAreLeftOut() throws {
        let values = (0..<40).flatMap { uniform("\($0)", count: TinyTask.shape.count) }
        let latents = HeldLatents(shape: TinyTask.shape, values: values, rows: Array(20..<60))
        let recipe = TinyTask.recipe()
        let all = try TinyTask.tuning(recipe).train(Self.task.samples, latents: latents, seed: 1)
        let some = try TinyTask.tuning(recipe).train(
            .init(labels: Self.task.labels, learned: Array(20..<60)), latents: latents, seed: 1)
        #expect(all == some)
        #expect(throws: TuningError.noLatents(samples: 20)) {
            _ = try TinyTask.tuning(recipe).train(
                .init(labels: Self.task.labels, learned: Array(0..<20)), latents: latents, seed: 1)
        }
    }

    @Test func latentsThatVanishOnTheWayAreLeftOut() throws {
        let tuning = try TinyTask.tuning(TinyTask.recipe())
        let vanishing = VanishingLatents(Self.task.latents, kept: 100)
        let top = try tuning.train(Self.task.samples, latents: vanishing, seed: 1)
        #expect(top.epochs.count == 6 && top.epochs.allSatisfy(\.loss.isFinite))
        #expect(throws: TuningError.noLatents(samples: 60)) {
            _ = try tuning.train(
                Self.task.samples, latents: VanishingLatents(Self.task.latents, kept: 100, all: true), seed: 1)
        }
    }

    @Test func latentsThatCannotBeReadEndIt() throws {
        #expect(throws: TuningError.unreadable(detail: "notThere")) {
            _ = try TinyTask.tuning(TinyTask.recipe()).train(Self.task.samples, latents: BrokenLatents(), seed: 1)
        }
    }

    @Test func stepsThatAreTooLongEndIt() throws {
        let error = #expect(throws: TuningError.self) {
            _ = try Self.train(TinyTask.recipe { ($0.headRate, $0.blockRate, $0.epochs) = (10, 10, 30) })
        }
        guard case .diverged? = error else { return #expect(Bool(false), "\(error as Any)") }
        // Latents that are no numbers give a loss that is none.
        let broken = HeldLatents(
            shape: TinyTask.shape, values: [Float](repeating: .nan, count: 60 * TinyTask.shape.count))
        let other = #expect(throws: TuningError.self) {
            _ = try TinyTask.tuning(TinyTask.recipe()).train(Self.task.samples, latents: broken, seed: 1)
        }
        guard case .diverged(epoch: 1, step: 1, _)? = other else { return #expect(Bool(false), "\(other as Any)") }
    }

    @Test func isCancelledBetweenSteps() throws {
        var steps = 0
        #expect(throws: TuningError.cancelled) {
            _ = try TinyTask.tuning(TinyTask.recipe()).train(
                Self.task.samples, latents: Self.task.latents, seed: 1, progress: { steps = $0.step },
                isCancelled: { steps == 11 })
        }
        #expect(steps == 11)
    }

    @Test func givesUpWhenTimeIsOver() throws {
        let limit = Duration.milliseconds(20)
        #expect(throws: TuningError.outOfTime(limit: limit, epochs: 0, of: 6)) {
            _ = try TinyTask.tuning(TinyTask.recipe()).train(
                Self.task.samples, latents: Self.task.latents, seed: 1, timeLimit: limit,
                progress: { if $0.step == 2 { Thread.sleep(forTimeInterval: 0.05) } })
        }
    }

    @Test func progressTellsEveryStepAndWhatEpochsCameTo() throws {
        var told: [TuningProgress] = []
        let top = try TinyTask.tuning(TinyTask.recipe()).train(
            Self.task.samples, latents: Self.task.latents, seed: 1, progress: { told.append($0) })
        // 60 samples in batches of 8, 6 times.
        #expect(told.map(\.step) == Array(1...48) && told.allSatisfy { $0.steps == 48 })
        #expect(told.compactMap(\.finished) == top.epochs)
        #expect(told.filter { $0.finished != nil }.map(\.step) == [8, 16, 24, 32, 40, 48])
        #expect(told.last!.fraction == 1)
    }
}

/// Latents of which most are gone after a while.
private final class VanishingLatents: LatentSource {
    private let latents: HeldLatents
    private let kept: Int
    private let all: Bool
    private let read = Mutex(0)

    /// - Parameters:
    ///   - kept: How many can be read before.
    ///   - all: Whether none is left.
    init(_ latents: HeldLatents, kept: Int, all: Bool = false) {
        (self.latents, self.kept, self.all) = (latents, kept, all)
    }

    var shape: MapShape { latents.shape }
    var rows: [Int] { latents.rows }

    func read(_ rows: [Int], into latents: inout MutableSpan<Float>) -> [Int] {
        let before = read.withLock { read in
            defer { read += rows.count }
            return read
        }
        return self.latents.read(before < kept ? rows : rows.filter { !all && $0 % 7 == 0 }, into: &latents)
    }
}

private struct BrokenLatents: LatentSource {
    enum Failure: Error { case notThere }
    var shape: MapShape { TinyTask.shape }
    var rows: [Int] { Array(0..<60) }
    func read(_ rows: [Int], into latents: inout MutableSpan<Float>) throws -> [Int] { throw Failure.notThere }
}
