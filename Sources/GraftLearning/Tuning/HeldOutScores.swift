import GraftTensor

/// What models said of samples that they had not learned.
struct HeldOutScores {
    /// Positions of the samples that each model was asked about.
    private(set) var rows: [[Int]] = []
    /// What each said.
    private(set) var parts: [OutOfFoldScores.Part] = []

    /// Whether no sample was asked about.
    var isEmpty: Bool { rows.allSatisfy(\.isEmpty) }

    /// Asks `model`, trained by `tuning`, about the samples `rows`, those without a latent left out.
    ///
    /// - Parameter labels: Of all samples. `[N]`
    mutating func add(
        _ model: TunedTop, _ tuning: TopTuning, _ rows: [Int], labels: [Int64], _ latents: some LatentSource,
        by worker: Worker
    ) throws(TuningError) {
        var asked: [Int] = []
        var part = OutOfFoldScores.Part(truth: [], labels: model.head.labels, scores: [])
        do {
            try tuning.forEachBatch(of: rows, through: model, latents: latents, by: worker) { rows, _, logits in
                asked += rows
                part.truth += rows.map { labels[$0] }
                part.scores += logits
            }
        } catch let error as TuningError {
            throw error
        } catch {
            throw .unreadable(detail: "\(error)")
        }
        self.rows.append(asked)
        parts.append(part)
    }

    /// The same scores, had each label's been less by what `offsets` say.
    func less(_ offsets: LabelOffsets) -> HeldOutScores {
        var scores = self
        for p in parts.indices {
            let offsets = parts[p].labels.map { offsets[$0] }
            for i in parts[p].scores.indices { scores.parts[p].scores[i] -= offsets[i % offsets.count] }
        }
        return scores
    }

    /// The part of the samples that are taken for what they are, and the mean of that over labels.
    var accuracies: (samples: Double, labels: Double) {
        var counts: [Int64: (samples: Int, right: Int)] = [:]
        for part in parts {
            let count = part.labels.count
            for (n, truth) in part.truth.enumerated() {
                let scores = part.scores[n * count..<(n + 1) * count]
                let best = scores.indices.max { scores[$0] < scores[$1] }!
                counts[truth, default: (0, 0)].samples += 1
                if part.labels[best - scores.startIndex] == truth { counts[truth]!.right += 1 }
            }
        }
        let (samples, right) = counts.values.reduce((0, 0)) { ($0.0 + $1.samples, $0.1 + $1.right) }
        let recalls = counts.values.map { Double($0.right) / Double($0.samples) }.sorted()
        return (Double(right) / Double(max(samples, 1)), recalls.reduce(0, +) / Double(max(recalls.count, 1)))
    }

    /// See ``OutOfFoldScores/bestTemperature(_:)``.
    ///
    /// - Parameter labels: Ids of all labels that a model may know, ascending.
    func bestTemperature(labels: [Int64]) -> (temperature: Double, logLoss: Double) {
        OutOfFoldScores(labels: labels, parts: parts).bestTemperature(.samples)
    }

    /// The temperature that suits them, and with it what each sample was taken for, ascending by row.
    ///
    /// - Parameter labels: Ids of all labels that a model may know, ascending.
    func predictions(labels: [Int64]) -> (temperature: Double, rows: [Int], predictions: [Prediction]) {
        let temperature = bestTemperature(labels: labels).temperature
        var found: [(row: Int, prediction: Prediction)] = []
        for (rows, part) in zip(rows, parts) {
            let count = part.labels.count
            for (n, row) in rows.enumerated() {
                var probabilities = Array(part.scores[n * count..<(n + 1) * count])
                softmax(&probabilities, temperature: Float(temperature))
                found.append(
                    (row, Prediction(labels: part.labels, probabilities: probabilities, truth: part.truth[n])))
            }
        }
        found.sort { $0.row < $1.row }
        return (temperature, found.map(\.row), found.map(\.prediction))
    }
}

extension TrainedTop {
    /// `top`, at the temperature that suits what was `judged`, which tells how good it is.
    ///
    /// - Parameters:
    ///   - labels: Of all samples. `[N]`
    ///   - start: Whose out-of-fold answers it is compared with.
    init(
        _ top: TunedTop, plan: TuningPlan, share: Double = 1, plannedFolds: Int, stepShare: Double = 1, part: Float,
        rateDivisor: Double, judged: HeldOutScores, labels: [Int64], beside start: TrainedHead
    ) {
        let (temperature, rows, predictions) = judged.predictions(labels: start.head.labels)
        let positions = Dictionary(uniqueKeysWithValues: zip(start.outOfFold.rows, start.outOfFold.rows.indices))
        // Of very many samples the head's training answers only some.
        let known = rows.indices.filter { positions[rows[$0]] != nil }
        self.init(
            top: TunedTop(
                blocks: top.blocks, parameters: top.parameters, head: top.head.with(temperature: Float(temperature)),
                epochs: top.epochs, keptEpoch: top.keptEpoch),
            plan: plan, share: share, plannedFolds: plannedFolds, stepShare: stepShare, part: part,
            rateDivisor: rateDivisor,
            outOfFold: start.outOfFold.keeping(
                known.map { positions[rows[$0]]! }, candidate: known.map { predictions[$0] }),
            evaluation: Evaluation(truth: rows.map { labels[$0] }, predictions: predictions))
    }
}
