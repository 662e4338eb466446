import Foundation
import GraftNetwork
import GraftTensor

/// Trains strategy `top`: for each fold, blocks and head are tuned on all other samples, from the head that strategy `head`
/// found; the mean of these models' weights is published.
///
/// The models are needed anyway, to judge by samples that were not learned, and their mean is better than one model that is
/// tuned on everything. The same samples and seed give the same bytes, however many threads help: see ``TuningPlan``. Time
/// decides only where a machine is too slow for the plan: by how long the first steps take it chooses one of a few smaller
/// plans, and where the deadline comes before all models are tuned, those that are tuned by then are what there is, or the
/// first as it is, if half of its steps are done.
package struct TopTraining: Sendable {
    package var recipe = TuningRecipe.acrossFolds
    /// How far weights may go from where they began to where they ended, of which the best on held-out samples is taken: a
    /// part of the way where samples are few, all of it where they are many. See ``TunedTop/moved(from:by:)``.
    package var parts: [Float] = [0.5, 0.75, 1]
    /// What the recipe's rates are multiplied with where there is one model, which need not stay close to others.
    package var loneRateFactor = 10.0 / 3
    /// What is taken on, instead of what there is time for.
    package var plan: TuningPlan?
    /// What the plan is made for.
    package var timeLimit = Duration.seconds(180)
    /// When it ends with what it has, or gives up where no model is tuned; nil for ``timeLimit`` after it began.
    package var deadline: ContinuousClock.Instant?
    /// What the recipe's rates are divided by where the loss grows, one after the other: the recipe was found with one
    /// backbone, and another may bear only shorter steps.
    private static let rateDivisors: [Double] = [1, 4, 16]
    /// How many steps tell how fast a machine is.
    private static let timedSteps = 8
    /// The part of what is left of the time that a plan may take, as neighbours come and go.
    private static let timeShare = 0.95
    private let blocks: [Block]
    private let instructionSet: InstructionSet
    private let elements: @Sendable (Parameter) throws -> [Float]

    /// - Parameters:
    ///   - blocks: What follows where the latents were taken.
    ///   - elements: What each parameter of `blocks` begins as.
    package init(
        blocks: [Block], instructionSet: InstructionSet, elements: @escaping @Sendable (Parameter) throws -> [Float]
    ) {
        (self.blocks, self.instructionSet, self.elements) = (blocks, instructionSet, elements)
    }

    /// Trains on the samples of `set` that have a latent and a label of `start`.
    ///
    /// - Parameters:
    ///   - start: What strategy `head` made of the same set, over roots.
    ///   - progress: Told the fraction done, in `0...1`, and what is being done.
    ///   - isCancelled: Asked before every step.
    package func train(
        _ set: TrainingSet, start: TrainedHead, latents: some LatentSource, seed: UInt64, by worker: Worker = .alone,
        progress: (Double, String) -> Void = { _, _ in }, isCancelled: () -> Bool = { false }
    ) throws(TuningError) -> TrainedTop {
        let deadline = deadline ?? .now + timeLimit
        for divisor in Self.rateDivisors.dropLast() {
            do {
                return try train(
                    set, start: start, latents: latents, seed: seed, ratesDividedBy: divisor, until: deadline,
                    by: worker, progress: progress, isCancelled: isCancelled)
            } catch .diverged {
                continue
            }
        }
        return try train(
            set, start: start, latents: latents, seed: seed, ratesDividedBy: Self.rateDivisors.last!, until: deadline,
            by: worker, progress: progress, isCancelled: isCancelled)
    }

    private func train(
        _ set: TrainingSet, start: TrainedHead, latents: some LatentSource, seed: UInt64,
        ratesDividedBy divisor: Double, until deadline: ContinuousClock.Instant, by worker: Worker,
        progress: (Double, String) -> Void, isCancelled: () -> Bool
    ) throws(TuningError) -> TrainedTop {
        let labels = Set(start.head.labels)
        let known = latents.rows.filter { labels.contains(set.labels[$0]) }
        guard !known.isEmpty else { throw .noLatents(samples: set.count) }
        var (plan, share) =
            if let plan { (plan, share: 1.0) } else {
                try planned(
                    known, set, start: start, latents: latents, until: deadline, by: worker, isCancelled: isCancelled)
            }
        var recipe = recipe.slowed(by: plan.folds == 1 ? divisor / loneRateFactor : divisor)
        recipe.epochs = plan.epochs
        let tuning = try tuning(recipe, over: start.head.space)
        let rows = sample(known, count: plan.samples, seed: seed)
        plan.samples = rows.count

        var means: (began: TunedTop, ended: TunedTop)?
        // By part.
        var judged = [HeldOutScores](repeating: HeldOutScores(), count: parts.count)
        let folds = start.foldHeads.keys.sorted().prefix(plan.folds)
        plan.folds = folds.count
        var stepShare = 1.0
        let begin = ContinuousClock.now
        for (number, fold) in folds.enumerated() {
            if number > 0, .now + (.now - begin) / number > deadline {
                plan.folds = number
                break
            }
            let message = "tuning blocks, model \(number + 1) of \(folds.count)"
            let tuned: TunedTop
            do {
                tuned = try tuning.train(
                    .init(labels: set.labels, learned: rows.filter { set.folds[$0] != fold }), latents: latents,
                    seed: SplitMix64.seed(seed, use: .folds, step: fold),
                    start: start.foldHeads[fold].map { .linear($0) }, timeLimit: deadline - .now,
                    keepsUnfinished: number == 0, by: worker,
                    progress: {
                        if number == 0 { stepShare = $0.fraction }
                        progress((Double(number) + $0.fraction) / Double(folds.count), message)
                    }, isCancelled: isCancelled)
            } catch .outOfTime where number > 0 {
                plan.folds = number
                break
            }
            let began = try self.start(of: tuned, head: start.foldHeads[fold]!)
            let heldOut = rows.filter { set.folds[$0] == fold }
            for (p, part) in parts.enumerated() {
                try judged[p].add(
                    tuned.moved(from: began, by: part), tuning, heldOut, labels: set.labels, latents, by: worker)
            }
            let complete = (began: began.completed(by: start.head), ended: tuned.completed(by: start.head))
            means =
                means.map {
                    ($0.began.mean(of: number, with: complete.began), $0.ended.mean(of: number, with: complete.ended))
                } ?? complete
        }
        // Those with a latent may all be of folds that are not held out.
        guard let means, !judged[0].isEmpty else { throw .noLatents(samples: set.count) }
        let losses = judged.map { $0.bestTemperature(labels: start.head.labels).logLoss }
        let chosen = losses.indices.min { losses[$0] < losses[$1] }!
        let offsets = LabelOffsets.best(for: judged[chosen], labels: rows.lazy.map { set.labels[$0] })
        // The mean of what lies part of the way is what lies part of the way between the means.
        let mean = means.ended.moved(from: means.began, by: parts[chosen])
        return TrainedTop(
            mean.with(offsets.taken(from: mean.head)), plan: plan, share: share, plannedFolds: folds.count,
            stepShare: stepShare, part: parts[chosen], rateDivisor: divisor, judged: judged[chosen].less(offsets),
            labels: set.labels,
            beside: start)
    }

    /// The features of the samples `rows` that have a latent, through `top`: `body` gets one sample at a time.
    package func forEachSample(
        of rows: [Int], through top: TunedTop, latents: some LatentSource, by worker: Worker = .alone,
        _ body: (_ row: Int, _ features: ImageFeatures) throws -> Void
    ) throws {
        let tuning = try tuning(recipe, over: top.head.space)
        try tuning.forEachBatch(of: rows, through: top, latents: latents, by: worker) { rows, features, _ in
            let count = features.count / rows.count
            for (n, row) in rows.enumerated() {
                try body(row, ImageFeatures(Array(features[n * count..<(n + 1) * count])))
            }
        }
    }

    // MARK: - The plan

    /// The most that this machine has time for before `deadline`, and which part that is of what was to be taken on.
    private func planned(
        _ known: [Int], _ set: TrainingSet, start: TrainedHead, latents: some LatentSource,
        until deadline: ContinuousClock.Instant, by worker: Worker, isCancelled: () -> Bool
    ) throws(TuningError) -> (TuningPlan, share: Double) {
        let multiplyAdds = multiplyAdds(of: blocks, latent: latents.shape)
        let perSample = try sampleDuration(
            known, set, start: start, latents: latents, by: worker, isCancelled: isCancelled)
        let time = (deadline - .now) * Self.timeShare
        var needed = Duration.zero
        for share in TuningPlan.shares {
            let plan = TuningPlan(
                samples: known.count, epochs: recipe.epochs, batch: recipe.batch, multiplyAdds: multiplyAdds,
                timeLimit: timeLimit, folds: start.foldHeads.count, judgings: parts.count, share: share)
            needed = perSample * plan.work(judgings: parts.count, published: known.count)
            if needed <= time { return (plan, share) }
        }
        throw .tooLittleTime(needed: .seconds((needed / .seconds(1)).rounded(.up)), limit: timeLimit)
    }

    /// How long a sample takes to be learned from once, by the median of a few steps whose weights are forgotten.
    private func sampleDuration(
        _ known: [Int], _ set: TrainingSet, start: TrainedHead, latents: some LatentSource, by worker: Worker,
        isCancelled: () -> Bool
    ) throws(TuningError) -> Duration {
        var recipe = recipe
        // Steps short enough to be safe with any backbone.
        (recipe.blockRate, recipe.headRate, recipe.blockRates) = (1e-6, 1e-6, [:])
        // It never comes to the last one, which must not have made anything worse.
        recipe.epochs = Self.timedSteps + 1
        var begins: [ContinuousClock.Instant] = []
        do {
            _ = try tuning(recipe, over: start.head.space).train(
                .init(labels: set.labels, learned: known), latents: latents, seed: 0, start: .linear(start.head),
                by: worker,
                isCancelled: {
                    begins.append(.now)
                    return begins.count > Self.timedSteps || isCancelled()
                })
        } catch .cancelled where begins.count > Self.timedSteps {}
        let durations = zip(begins.dropFirst(), begins).map { $0 - $1 }.sorted()
        return durations[durations.count / 2] / min(recipe.batch, known.count)
    }

    private func tuning(_ recipe: TuningRecipe, over space: FeatureSpace) throws(TuningError) -> TopTuning {
        try TopTuning(recipe, blocks: blocks, space: space, instructionSet: instructionSet, elements: elements)
    }

    // MARK: -

    /// `count` of `rows`, drawn from the seed, ascending.
    private func sample(_ rows: [Int], count: Int, seed: UInt64) -> [Int] {
        guard count < rows.count else { return rows }
        var generator = SplitMix64(seed: seed, use: .samples)
        return rows.shuffled(using: &generator).prefix(count).sorted()
    }

    /// Where the tuning of `tuned` began.
    private func start(of tuned: TunedTop, head: LinearHead) throws(TuningError) -> TunedTop {
        var parameters: [String: [Float]] = [:]
        for parameter in blocks.flatMap(\.parameters) where tuned.parameters[parameter.name] != nil {
            do {
                parameters[parameter.name] = try elements(parameter)
            } catch {
                throw .unreadable(detail: "\(error)")
            }
        }
        return TunedTop(
            blocks: tuned.blocks, parameters: parameters, head: VersionHead.linear(head).starting(tuned.head.labels),
            epochs: tuned.epochs, keptEpoch: tuned.keptEpoch)
    }
}

extension TunedTop {
    /// The same with a head over all labels of `head`: those that it lacks, because all their samples were held out, are
    /// answered as `head` does.
    fileprivate func completed(by head: LinearHead) -> TunedTop {
        guard case .linear(let own) = self.head, own.labels != head.labels,
            case .linear(let other) = VersionHead.linear(head).starting(head.labels)
        else { return self }
        let places = Dictionary(uniqueKeysWithValues: zip(own.labels, own.labels.indices))
        var (weights, bias) = (other.weights, other.bias)
        for (row, label) in head.labels.enumerated() {
            guard let place = places[label] else { continue }
            let count = head.featureCount
            weights.replaceSubrange(
                row * count..<(row + 1) * count, with: own.weights[place * count..<(place + 1) * count])
            bias[row] = own.bias[place]
        }
        return with(
            .linear(
                LinearHead(
                    labels: head.labels, featureCount: head.featureCount, space: own.space, weights: weights,
                    bias: bias, temperature: own.temperature)))
    }

    fileprivate func with(_ head: VersionHead) -> TunedTop {
        TunedTop(blocks: blocks, parameters: parameters, head: head, epochs: epochs, keptEpoch: keptEpoch)
    }
}

extension TuningRecipe {
    /// What ``TopTraining`` tunes each fold's model by: few epochs from the solved head, so that the models stay close
    /// enough to have a mean.
    package static var acrossFolds: TuningRecipe {
        var recipe = TuningRecipe()
        recipe.headStart = .solved
        (recipe.blockRate, recipe.headRate) = (3e-4, 3e-4)
        (recipe.schedule, recipe.warmUp) = (.cosine, 0.1)
        recipe.epochs = 5
        recipe.mirror = true
        recipe.labelSmoothing = 0.1
        recipe.labelBalance = 0.5
        return recipe
    }
}
