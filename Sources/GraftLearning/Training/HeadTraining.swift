import Synchronization

/// Trains the softmax head of strategy `head`, and calibrates the analytic head on the way.
///
/// First the analytic head's shrinkage and temperature are chosen by what they say of held-out folds. Then logistic
/// regression starts from the analytic solution and is pulled back to it, with a strength chosen in the same way; what is
/// published is fitted to all samples. No random number is drawn: the same set gives the same bytes.
///
/// Samples are read in blocks from their 16-bit form. What grows with samples times labels, the scores, is kept for a
/// bounded number of held-out samples, which is enough to choose by, and made again in blocks to judge by. How many folds
/// and strengths are tried depends on how much work that is: see ``HeadSearch``.
package struct HeadTraining: Sendable {
    /// Tried for the analytic head.
    package var shrinkages = [0.3, 0.45, 0.6, 0.75, 0.9]
    /// Tried for the pull towards the analytic solution, strongest first, because each fit starts from the last.
    package var strengths = [0.03, 0.01, 0.003]
    /// How much each sample counts in the softmax head.
    package var balance = SoftmaxFit.Balance.labels
    /// What the softmax head is over; the analytic head is always over roots.
    package var space = FeatureSpace.roots
    /// A label with fewer samples is left to the analytic head.
    package var labelMinimum = 5
    /// How many threads share the work; the result is the same.
    package var threads = 1
    /// The most multiplications that the search for the softmax head may take: at 10¹¹ a second on two cores, a minute or
    /// two. Where even the smallest search takes more, the analytic head's own weights are published.
    package var workLimit = 1e13
    /// The calibration with which the analytic head answers now; nil if it was never measured.
    package var incumbent: AnalyticHead.Calibration?
    /// The labels of the version that answers now; nil if the analytic head does alone.
    package var incumbentLabels: Set<Int64>?
    package var gate = Gate()

    package init() {}

    /// Trains on `set`.
    ///
    /// - Parameters:
    ///   - progress: Told the fraction done, in `0...1`, and what is being done; from any thread, one call at a time.
    ///   - isCancelled: Asked before each pass over the samples.
    package func train(
        _ set: TrainingSet, progress: @escaping @Sendable (Double, String) -> Void = { _, _ in },
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) throws(HeadTrainingError) -> TrainedHead {
        let reporter = Reporter(progress: progress, isCancelled: isCancelled)
        var folds = (0..<Folds.count).map { Fold(set, number: $0) }
        let statistics = try learn(set, &folds, reporter)
        let labels = statistics.labelIDs.filter { statistics.labels[$0]!.count >= labelMinimum }
        guard labels.count >= 2 else {
            throw .tooFewLabels(found: labels.count, samplesPerLabel: labelMinimum)
        }
        folds = folds.filter { fold in
            !fold.heldOut.isEmpty
                && labels.contains { statistics.labels[$0]!.count > fold.statistics.labels[$0]?.count ?? 0 }
        }
        guard !folds.isEmpty else { throw .nothingToHoldOut(samples: set.count) }
        let search = HeadSearch(
            samples: set.count, labels: labels.count, features: set.features.featureCount, folds: folds.count,
            strengths: strengths, workLimit: workLimit)
        folds = Array(folds[..<search.folds])
        OutOfFoldScores.sample(&folds, labelCount: statistics.labelCount)

        let analytic = try calibrate(set, statistics, folds, reporter)
        let softmax = try chooseStrength(
            set, statistics, folds, labels, search.strengths, analytic.calibration, reporter)

        reporter.report(0.85, "fitting the head to all samples")
        let head = try finalHead(
            set, statistics, labels, analytic.calibration, path: softmax.path, temperature: softmax.temperature,
            reporter)

        reporter.report(0.97, "judging the head")
        let trained = try judge(
            set, statistics, folds, labels: Set(labels), head: head, strength: softmax.path.last,
            calibration: analytic.calibration, foldHeads: softmax.heads, reporter)
        reporter.report(1, "trained")
        return trained
    }

    /// Fills in what each fold's held-out samples sum up to, and returns the sum of all: no sample is read twice.
    private func learn(
        _ set: TrainingSet, _ folds: inout [Fold], _ reporter: Reporter
    ) throws(HeadTrainingError) -> LabelStatistics {
        guard set.count <= LabelStatistics.sampleLimit else {
            throw .tooManySamples(count: set.count, limit: LabelStatistics.sampleLimit)
        }
        let parts = try parallelMap(folds.count, threads: threads) { [folds] i throws(HeadTrainingError) in
            try reporter.check()
            var statistics = LabelStatistics(featureCount: set.features.featureCount)
            do {
                try statistics.add(set.features, labels: set.labels, rows: folds[i].heldOut)
            } catch {
                preconditionFailure("there are no more samples than fit: \(error)")
            }
            return statistics
        }
        var all = LabelStatistics(featureCount: set.features.featureCount)
        for (i, part) in parts.enumerated() {
            folds[i].statistics = part
            do { try all.add(part) } catch { preconditionFailure("there are no more samples than fit: \(error)") }
        }
        return all
    }

    // MARK: - Analytic head

    private struct AnalyticChoice {
        var calibration: AnalyticHead.Calibration
    }

    /// What the analytic head answers by now.
    private func incumbent(_ statistics: LabelStatistics) -> AnalyticHead.Calibration {
        incumbent
            ?? .guess(
                sampleCount: statistics.count, labelCount: statistics.labelCount,
                featureCount: statistics.featureCount)
    }

    /// The shrinkage and temperature that say best what held-out samples are.
    private func calibrate(
        _ set: TrainingSet, _ statistics: LabelStatistics, _ folds: [Fold], _ reporter: Reporter
    ) throws(HeadTrainingError) -> AnalyticChoice {
        let scores = try parallelMap(folds.count, threads: threads) { i throws(HeadTrainingError) in
            let training = folds[i].trainingStatistics(statistics)
            var scores: [[Float]] = []
            for shrinkage in shrinkages {
                try reporter.check()
                // The temperature divides later; here only the logits count.
                let head = AnalyticHead(training, calibration: .init(shrinkage: shrinkage, temperature: 1))
                scores.append(head.linear.logits(ofRows: set.features, folds[i].sampled))
            }
            reporter.advance(0.3 / Double(folds.count), "calibrating the analytic head")
            return (labels: training.labelIDs, scores: scores)
        }
        let heldOut = shrinkages.indices.map { s in
            OutOfFoldScores(
                labels: statistics.labelIDs, set, folds, scores.map { (labels: $0.labels, scores: $0.scores[s]) })
        }
        let losses = heldOut.map { $0.bestTemperature(.samples).logLoss }
        let chosen = losses.indices.min { losses[$0] < losses[$1] }!
        return AnalyticChoice(
            calibration: .init(
                shrinkage: shrinkages[chosen],
                temperature: heldOut[chosen].honestTemperature() * temperatureGain(statistics)))
    }

    /// What a temperature measured on folds is to be multiplied by for the head of all samples.
    ///
    /// Each fold's head lacks a fifth of the samples, and the fewer there are, the larger the differences between logits
    /// that are chance; how much, the guess says.
    private func temperatureGain(_ statistics: LabelStatistics) -> Double {
        func guess(_ samples: Int) -> Double {
            AnalyticHead.Calibration.guess(
                sampleCount: samples, labelCount: statistics.labelCount, featureCount: statistics.featureCount
            ).temperature
        }
        return guess(statistics.count) / guess(statistics.count - statistics.count / Folds.count)
    }

    // MARK: - Softmax head

    private struct SoftmaxChoice {
        /// The strengths up to the chosen one, because each step of the path starts where the one before ended; none where
        /// the analytic head's own weights are taken.
        var path: [Double]
        var temperature: Double
        /// For each fold, at the chosen strength.
        var heads: [LinearHead]
    }

    private func chooseStrength(
        _ set: TrainingSet, _ statistics: LabelStatistics, _ folds: [Fold], _ labels: [Int64], _ strengths: [Double],
        _ calibration: AnalyticHead.Calibration, _ reporter: Reporter
    ) throws(HeadTrainingError) -> SoftmaxChoice {
        // Large fits have their passes shared by the threads, one fit after the other, so that the memory of one will do;
        // small ones run side by side.
        let isLarge = set.count * labels.count * set.features.featureCount > 1 << 30
        let heads = try parallelMap(folds.count, threads: isLarge ? 1 : threads) { i throws(HeadTrainingError) in
            let training = folds[i].trainingStatistics(statistics)
            let known = labels.filter { training.labels[$0] != nil }
            defer { reporter.advance(0.55 / Double(folds.count), "fitting the head to folds") }
            return try path(
                set, rows: folds[i].outside(set), known, training, calibration, strengths,
                threads: isLarge ? threads : 1,
                reporter)
        }
        let candidates = heads[0].indices.map { s in
            OutOfFoldScores(
                labels: labels, set, folds,
                zip(folds, heads).map { fold, heads in
                    (labels: heads[s].labels, scores: heads[s].logits(ofRows: set.features, fold.sampled))
                })
        }
        let losses = candidates.map { $0.bestTemperature(.labels).logLoss }
        let chosen = losses.indices.min { losses[$0] < losses[$1] }!
        return SoftmaxChoice(
            path: strengths.isEmpty ? [] : Array(strengths[...chosen]),
            temperature: candidates[chosen].bestTemperature(.samples).temperature, heads: heads.map { $0[chosen] })
    }

    /// The heads over `labels` along the path of `strengths`, learned from those of `rows` that have such a label; without
    /// strengths the analytic head alone.
    ///
    /// - Parameter statistics: Those of `rows`.
    private func path(
        _ set: TrainingSet, rows: [Int], _ labels: [Int64], _ statistics: LabelStatistics,
        _ calibration: AnalyticHead.Calibration, _ strengths: [Double], threads: Int, _ reporter: Reporter
    ) throws(HeadTrainingError) -> [LinearHead] {
        guard !strengths.isEmpty else {
            return [AnalyticHead(statistics, calibration: calibration).linear.keeping(Set(labels))]
        }
        let known = Set(labels)
        let fit = WhitenedFit(
            set, rows: rows.filter { known.contains(set.labels[$0]) }, labels: labels, statistics: statistics,
            covariance: covariance(set, rows: rows, statistics, shrinkage: calibration.shrinkage), space: space,
            balance: balance, temperature: calibration.temperature, threads: threads)
        return try fit.heads(strengths: strengths, check: reporter.check)
    }

    /// The covariance of `rows`, whose statistics are `statistics`, in the head's space.
    private func covariance(
        _ set: TrainingSet, rows: [Int], _ statistics: LabelStatistics, shrinkage: Double
    ) -> WithinCovariance {
        switch space {
        case .roots: WithinCovariance(statistics, shrinkage: shrinkage)
        case .plain: WithinCovariance(set, rows: rows, in: space, shrinkage: shrinkage)
        }
    }

    private func finalHead(
        _ set: TrainingSet, _ statistics: LabelStatistics, _ labels: [Int64], _ calibration: AnalyticHead.Calibration,
        path strengths: [Double], temperature: Double, _ reporter: Reporter
    ) throws(HeadTrainingError) -> LinearHead {
        let last = try path(
            set, rows: Array(0..<set.count), labels, statistics, calibration, strengths, threads: threads, reporter
        ).last!
        return last.with(temperature: Float(temperature))
    }

    // MARK: - Judging

    /// So many held-out samples are judged at a time.
    private static let judgedRows = 256

    private func judge(
        _ set: TrainingSet, _ statistics: LabelStatistics, _ folds: [Fold], labels: Set<Int64>, head: LinearHead,
        strength: Double?, calibration: AnalyticHead.Calibration, foldHeads: [LinearHead], _ reporter: Reporter
    ) throws(HeadTrainingError) -> TrainedHead {
        let incumbent = incumbent(statistics)
        let judged = try parallelMap(folds.count, threads: threads) { i throws(HeadTrainingError) in
            let training = folds[i].trainingStatistics(statistics)
            let analytic = AnalyticHead(training, calibration: calibration).linear
            let before = AnalyticHead(training, calibration: incumbent).linear
            var predictions: [Answers] = []
            predictions.reserveCapacity(folds[i].heldOut.count)
            for start in stride(from: 0, to: folds[i].heldOut.count, by: Self.judgedRows) {
                try reporter.check()
                let rows = Array(folds[i].heldOut[start..<min(start + Self.judgedRows, folds[i].heldOut.count)])
                predictions += predict(
                    set, rows, analytic: analytic, before: before, head: foldHeads[i], temperature: head.temperature)
            }
            return predictions
        }
        let all = zip(folds, judged).flatMap { fold, predictions in zip(fold.heldOut, predictions) }.sorted {
            $0.0 < $1.0
        }
        let rows = all.map(\.0)
        let (candidates, incumbents) = (all.map(\.1.candidate), all.map(\.1.incumbent))
        // Labels with fewer samples are answered by the analytic head in either case, and hardly show anything.
        let counted = rows.indices.filter { labels.contains(set.labels[rows[$0]]) }
        let truth = counted.map { set.labels[rows[$0]] }
        let tempered = foldHeads.map { $0.with(temperature: head.temperature) }
        return TrainedHead(
            head: head, calibration: calibration,
            foldHeads: Dictionary(uniqueKeysWithValues: zip(folds.map(\.number), tempered)), strength: strength,
            outOfFold: .init(
                rows: rows, candidate: candidates, incumbent: incumbents, lacked: all.compactMap(\.1.lacked)),
            evaluation: Evaluation(truth: truth, predictions: counted.map { candidates[$0] }),
            incumbentEvaluation: Evaluation(truth: truth, predictions: counted.map { incumbents[$0] }),
            verdict: gate.judge(
                truth: truth, incumbent: counted.map { incumbents[$0].label },
                candidate: counted.map { candidates[$0].label }))
    }

    /// What is said of one held-out sample.
    private struct Answers {
        var candidate: Prediction
        var incumbent: Prediction
        /// Nil where the analytic head answers alone now.
        var lacked: LackedLabel?
    }

    /// What a fold's heads say of some of its held-out samples: `analytic` and `head` together, and `before` alone.
    private func predict(
        _ set: TrainingSet, _ rows: [Int], analytic: LinearHead, before: LinearHead, head: LinearHead,
        temperature: Float
    ) -> [Answers] {
        let analyticScores = analytic.logits(ofRows: set.features, rows)
        let incumbentScores = before.logits(ofRows: set.features, rows)
        let headScores = head.logits(ofRows: set.features, rows)
        func probabilities(_ scores: [Float], _ i: Int, _ count: Int, _ temperature: Float) -> [Float] {
            var row = Array(scores[i * count..<(i + 1) * count])
            softmax(&row, temperature: temperature)
            return row
        }
        let (all, known) = (analytic.labels, head.labels)
        return rows.enumerated().map { i, row in
            let truth = set.labels[row]
            let candidate = CombinedAnswer.combine(
                analyticLabels: all, analytic: probabilities(analyticScores, i, all.count, analytic.temperature),
                versionLabels: known, version: probabilities(headScores, i, known.count, temperature))
            let now = probabilities(incumbentScores, i, all.count, before.temperature)
            return Answers(
                candidate: Prediction(labels: all, probabilities: candidate, truth: truth),
                incumbent: Prediction(labels: all, probabilities: now, truth: truth),
                lacked: incumbentLabels.map { LackedLabel(labels: all, probabilities: now, known: $0) })
        }
    }
}

/// Tells how far the work is, and stops it when asked to.
private final class Reporter: Sendable {
    private let progress: @Sendable (Double, String) -> Void
    private let isCancelled: @Sendable () -> Bool
    private let fraction = Mutex(0.0)

    init(progress: @escaping @Sendable (Double, String) -> Void, isCancelled: @escaping @Sendable () -> Bool) {
        self.progress = progress
        self.isCancelled = isCancelled
    }

    func report(_ done: Double, _ message: String) {
        fraction.withLock {
            $0 = done
            progress(done, message)
        }
    }

    func advance(_ step: Double, _ message: String) {
        fraction.withLock {
            $0 += step
            progress($0, message)
        }
    }

    @Sendable func check() throws(HeadTrainingError) {
        if isCancelled() { throw .cancelled }
    }
}
