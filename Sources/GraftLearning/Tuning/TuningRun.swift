import Foundation
import GraftNetwork
import GraftTensor

/// One tuning, from the first step to the last.
final class TuningRun {
    private let tuning: TopTuning
    private let seed: UInt64
    private let worker: Worker
    /// Ids of the labels that are learned, ascending. `[L]`
    private let labels: [Int64]
    /// The position in `labels` of each sample's own label. `[N]`
    private let targets: [Int?]
    private let learned: [Int]
    private let heldOut: [Int]
    private let featureCount: Int
    private let top: TrainableTop
    private let adam: Adam
    private let rates: [Double]
    private let loss: SoftmaxCrossEntropy
    private let validationLoss: SoftmaxCrossEntropy
    private let reader: BatchReader
    private let batch: Int
    private var average: WeightAverage?
    private var step = 0
    /// Whether it was to end before the last step.
    private var isCutShort = false
    /// Of the first step.
    private var firstLoss = Double.infinity

    private var recipe: TuningRecipe { tuning.recipe }
    private var epochSteps: Int { (learned.count + batch - 1) / batch }
    private var steps: Int { recipe.epochs * epochSteps }

    init(
        _ tuning: TopTuning, _ samples: TopTuning.Samples, latents: some LatentSource, seed: UInt64,
        start: VersionHead?, by worker: Worker
    ) throws(TuningError) {
        let recipe = tuning.recipe
        let rows = Set(latents.rows)
        let learned = samples.learned.filter { rows.contains($0) }
        guard !learned.isEmpty else { throw .noLatents(samples: samples.learned.count) }
        var counts: [Int64: Int] = [:]
        for row in learned { counts[samples.labels[row], default: 0] += 1 }
        guard counts.count >= 2 else { throw .tooFewLabels(found: counts.count) }
        let labels = counts.keys.sorted()
        let positions = Dictionary(uniqueKeysWithValues: zip(labels, labels.indices))

        (self.tuning, self.seed, self.worker, self.labels, self.learned) = (tuning, seed, worker, labels, learned)
        targets = samples.labels.map { positions[$0] }
        heldOut =
            recipe.validation
            ? samples.heldOut.filter { rows.contains($0) && positions[samples.labels[$0]] != nil } : []
        batch = min(recipe.batch, learned.count)
        let featureCount = tuning.blocks.reduce(latents.shape) { $1.output(of: $0) }.channels
        self.featureCount = featureCount
        var generator = SplitMix64(seed: seed, use: .head)
        let first = start?.starting(labels)
        precondition(recipe.headStart == .random || first != nil, "no head to start from")
        if let first {
            precondition(first.featureCount == featureCount && first.space == tuning.space)
            precondition(
                first.hiddenCount == (recipe.head == .mlp ? recipe.hidden : nil), "a head of another kind to start from"
            )
        }
        let head = TopHead(
            labelCount: labels.count, hiddenCount: recipe.head == .mlp ? recipe.hidden : nil,
            dropout: Float(recipe.dropout), takesRoots: tuning.headTakesRoots)
        top = try tuning.trainableTop(head, latent: latents.shape, batch: batch, by: worker) { parameter in
            if let elements = first?.elements(of: parameter) { return elements }
            guard parameter.name.hasPrefix("\(TopHead.name).") else { return try tuning.elements(parameter) }
            return head.initialElements(of: parameter, features: featureCount, using: &generator)
        }
        var settings = Adam.Settings()
        settings.weightDecay = recipe.weightDecay
        settings.isDecoupled = recipe.optimizer == .adamw
        adam = Adam(top, settings: settings)
        rates = recipe.rates(of: Array(top.groups.dropLast())) + [recipe.headRate]

        let balanced = labels.map { counts[$0]! }
        loss = SoftmaxCrossEntropy(
            smoothing: Float(recipe.labelSmoothing), weights: Self.weights(balanced, balance: recipe.labelBalance),
            offsets: Self.offsets(balanced, adjustment: recipe.logitAdjustment))
        // Logits that do without the labels' frequencies are right about labels that are equally frequent.
        validationLoss = SoftmaxCrossEntropy(
            weights: Self.weights(balanced, balance: max(recipe.labelBalance, recipe.logitAdjustment)))
        reader = BatchReader(latents, batch: batch)
        if recipe.averaging != .none { average = WeightAverage(count: top.weights.count) }
    }

    // MARK: - Epochs

    /// Takes all steps.
    ///
    /// - Parameter check: Called before every step with the number of epochs and the part of all steps that are done. Where
    ///   it returns false, training ends with what was learned by then; what it throws ends it with nothing.
    func train(
        progress: (TuningProgress) -> Void, check: (_ epochs: Int, _ share: Double) throws(TuningError) -> Bool
    ) throws(TuningError) -> TunedTop {
        var epochs: [TuningEpoch] = []
        var best: (epoch: Int, loss: Double, weights: [Float])?
        for epoch in 1...recipe.epochs {
            let finished = try runEpoch(epoch, progress: progress) { () throws(TuningError) in
                try check(epoch - 1, Double(step) / Double(steps))
            }
            guard let finished else { break }
            epochs.append(finished)
            try checkConvergence(epochs)
            guard let validation = finished.validation else { continue }
            if validation.loss < best?.loss ?? .infinity { best = (epoch, validation.loss, finalWeights) }
            if let patience = recipe.patience, epoch - (best?.epoch ?? 0) >= patience { break }
            if isCutShort { break }
        }
        top.weights = best?.weights ?? finalWeights
        return tunedTop(epochs, keptEpoch: best?.epoch ?? epochs.count)
    }

    /// Returns nil where it was to end before the epoch began.
    private func runEpoch(
        _ epoch: Int, progress: (TuningProgress) -> Void, check: () throws(TuningError) -> Bool
    ) throws(TuningError) -> TuningEpoch? {
        var order = learned
        if recipe.shuffle {
            var generator = SplitMix64(seed: seed, use: .order, step: epoch)
            order.shuffle(using: &generator)
        }
        var sum = 0.0
        var count = 0
        var last = TuningProgress(epoch: epoch, epochs: recipe.epochs, step: step, steps: steps, loss: 0)
        for first in stride(from: 0, to: order.count, by: batch) {
            if first > 0 && last.step == step { progress(last) }
            guard try check() else {
                isCutShort = true
                if count == 0 { return nil }
                break
            }
            let rows = try reader.read(Array(order[first..<min(first + batch, order.count)]))
            step += 1
            guard !rows.isEmpty else { continue }
            let loss = takeStep(rows)
            guard loss.isFinite else { throw .diverged(epoch: epoch, step: step, loss: loss) }
            if firstLoss == .infinity { firstLoss = loss }
            sum += loss * Double(rows.count)
            count += rows.count
            (last.step, last.loss) = (step, loss)
        }
        guard count > 0 else { throw .noLatents(samples: learned.count) }
        if recipe.averaging == .epochs && epoch > recipe.epochs - recipe.averagedEpochs {
            top.withWeights { average!.add($0) }
        }
        let finished = TuningEpoch(loss: sum / Double(count), validation: try validate())
        last.step = step
        last.finished = finished
        progress(last)
        return finished
    }

    /// Returns the loss of the batch in `reader`, which is of the samples `rows`, before the step.
    private func takeStep(_ rows: [Int]) -> Double {
        if recipe.mirror {
            var generator = SplitMix64(seed: seed, use: .mirror, step: step)
            reader.mirror(rows.indices.filter { _ in Bool.random(using: &generator) })
        }
        var generator = SplitMix64(seed: seed, use: .dropout, step: step)
        let dropoutSeed = recipe.dropout > 0 ? generator.next() : nil
        let value = reader.withLatents(count: rows.count) {
            top.differentiate(
                $0, labels: rows.map { targets[$0]! }, loss: loss, dropoutSeed: dropoutSeed, by: worker)
        }
        let factor = recipe.rateFactor(step: step - 1, of: steps)
        adam.step(rates: rates.map { $0 * factor }, by: worker)
        if recipe.averaging == .moving {
            top.withWeights { average!.move(towards: $0, decay: recipe.averagingDecay) }
        }
        return value
    }

    /// The weights that are kept if it ends now.
    private var finalWeights: [Float] {
        average.flatMap { $0.count > 0 ? $0.weights : nil } ?? top.weights
    }

    /// - Throws: `diverged` where weights are no numbers, where the loss is far above that of guessing and of the first step,
    ///   and where it ends above both.
    private func checkConvergence(_ epochs: [TuningEpoch]) throws(TuningError) {
        let isFinite = top.withWeights { weights in weights.indices.allSatisfy { weights[$0].isFinite } }
        let loss = epochs.last!.loss
        let guessing = log(Double(labels.count))
        let isLast = (epochs.count == recipe.epochs || isCutShort) && heldOut.isEmpty
        let most = isLast ? max(2 * guessing, firstLoss) : 10 * max(guessing, firstLoss)
        guard isFinite, loss <= most else {
            throw .diverged(epoch: epochs.count, step: step, loss: isFinite ? loss : .nan)
        }
    }

    // MARK: - Validation

    /// How the held-out samples are answered; nil if there are none.
    private func validate() throws(TuningError) -> TuningEpoch.Validation? {
        guard !heldOut.isEmpty else { return nil }
        let weights = top.weights
        if average != nil { top.weights = finalWeights }
        defer { top.weights = weights }
        var (loss, total, right) = (0.0, 0.0, 0)
        var recall = [(right: Int, count: Int)](repeating: (0, 0), count: labels.count)
        for first in stride(from: 0, to: heldOut.count, by: batch) {
            let rows = try reader.read(Array(heldOut[first..<min(first + batch, heldOut.count)]))
            guard !rows.isEmpty else { continue }
            let logits = reader.withLatents(count: rows.count) { top.logits(of: $0, by: worker) }
            let own = rows.map { targets[$0]! }
            loss += Double(rows.count) * validationLoss.loss(logits.span, labels: own, labelCount: labels.count)
            total += own.reduce(0) { $0 + Double(validationLoss.weights?[$1] ?? 1) }
            for (n, label) in own.enumerated() {
                let row = logits[n * labels.count..<(n + 1) * labels.count]
                let isRight = row.indices.max { row[$0] < row[$1] }! == row.startIndex + label
                recall[label].count += 1
                if isRight { (right, recall[label].right) = (right + 1, recall[label].right + 1) }
            }
        }
        let present = recall.filter { $0.count > 0 }
        guard !present.isEmpty else { return nil }
        return TuningEpoch.Validation(
            loss: loss / total, accuracy: Double(right) / Double(present.reduce(0) { $0 + $1.count }),
            balancedAccuracy: present.reduce(0) { $0 + Double($1.right) / Double($1.count) } / Double(present.count))
    }

    // MARK: - Labels

    /// How much a sample of each label counts, 1 on the mean over samples; nil if all count the same.
    private static func weights(_ counts: [Int], balance: Double) -> [Float]? {
        guard balance > 0 else { return nil }
        let weights = counts.map { pow(Double($0), -balance) }
        let mean = zip(weights, counts).reduce(0) { $0 + $1.0 * Double($1.1) } / Double(counts.reduce(0, +))
        return weights.map { Float($0 / mean) }
    }

    private static func offsets(_ counts: [Int], adjustment: Double) -> [Float]? {
        guard adjustment > 0 else { return nil }
        let all = Double(counts.reduce(0, +))
        return counts.map { Float(adjustment * log(Double($0) / all)) }
    }

    // MARK: - The result

    private func tunedTop(_ epochs: [TuningEpoch], keptEpoch: Int) -> TunedTop {
        let trained = tuning.blocks[tuning.frozen...].filter { !$0.parameters.isEmpty }
        let parameters = trained.flatMap(\.parameters).map { ($0.name, top.elements(of: $0.name)) }
        return TunedTop(
            blocks: trained.map(\.name), parameters: Dictionary(uniqueKeysWithValues: parameters),
            head: VersionHead(top, labels: labels, featureCount: featureCount, space: tuning.space), epochs: epochs,
            keptEpoch: keptEpoch)
    }
}
