import Foundation
import GraftTensor
import Synchronization

/// Trains the softmax head of strategy `head`, and calibrates the analytic head on the way.
///
/// First the analytic head's shrinkage and temperature are chosen by what they say of held-out folds. Then logistic
/// regression starts from the analytic solution and is pulled back to it, with a strength chosen in the same way; what is
/// published is fitted to all samples. No random number is drawn: the same set gives the same bytes.
package struct HeadTraining: Sendable {
    /// Tried for the analytic head.
    package var shrinkages = [0.3, 0.45, 0.6, 0.75, 0.9]
    /// Tried for the pull towards the analytic solution, strongest first, because each fit starts from the last.
    package var strengths = [0.03, 0.01, 0.003]
    /// What the softmax head is over; the analytic head is always over roots.
    package var space = FeatureSpace.roots
    /// A label with fewer samples is left to the analytic head.
    package var labelMinimum = 5
    /// Folds that are worked on at a time; the result is the same.
    package var threads = 1
    /// The calibration with which the analytic head answers now; nil if it was never measured.
    package var incumbent: AnalyticHead.Calibration?
    package var gate = Gate()

    package init() {}

    /// Trains on `set`.
    ///
    /// - Parameters:
    ///   - progress: Told the fraction done, in `0...1`, and what is being done; from any thread, one call at a time.
    ///   - isCancelled: Asked a few hundred times a second.
    package func train(
        _ set: TrainingSet, progress: @escaping @Sendable (Double, String) -> Void = { _, _ in },
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) throws(HeadTrainingError) -> TrainedHead {
        let reporter = Reporter(progress: progress, isCancelled: isCancelled)
        let statistics = try statistics(of: set, rows: Array(0..<set.count))
        let labels = statistics.labelIDs.filter { statistics.labels[$0]!.count >= labelMinimum }
        guard labels.count >= 2 else {
            throw .tooFewLabels(found: labels.count, samplesPerLabel: labelMinimum)
        }
        let folds = (0..<Folds.count).map { Fold(set, number: $0, labels: labels) }.filter(\.isUseful)
        guard !folds.isEmpty else { throw .nothingToHoldOut(samples: set.count) }

        let analytic = try calibrate(set, statistics, folds, reporter)
        let softmax = try chooseStrength(set, statistics, folds, labels, analytic.calibration, reporter)

        reporter.report(0.85, "fitting the head to all samples")
        let covariance = covariance(
            set, rows: Array(0..<set.count), statistics, shrinkage: analytic.calibration.shrinkage)
        let fit = WhitenedFit(
            set, rows: set.labels.indices.filter { labels.contains(set.labels[$0]) }, labels: labels,
            statistics: statistics, covariance: covariance, space: space,
            temperature: analytic.calibration.temperature)
        // The whole path again, because each step of it starts where the one before ended.
        let path = strengths[...softmax.chosen]
        let last = try fit.heads(strengths: Array(path), check: reporter.check).last!
        let head = LinearHead(
            labels: labels, featureCount: last.featureCount, space: space, weights: last.weights, bias: last.bias,
            temperature: Float(softmax.temperature))

        reporter.report(0.98, "judging the head")
        let trained = judge(
            set, folds: folds, labels: Set(labels), head: head, strength: strengths[softmax.chosen],
            calibration: analytic.calibration, analytic: analytic.scores, incumbent: analytic.incumbent,
            softmax: softmax.scores)
        reporter.report(1, "trained")
        return trained
    }

    // MARK: - Analytic head

    private struct AnalyticChoice {
        var calibration: AnalyticHead.Calibration
        /// With the chosen shrinkage.
        var scores: OutOfFoldScores
        /// As the analytic head answers now.
        var incumbent: (scores: OutOfFoldScores, temperature: Double)
    }

    /// The shrinkage and temperature that say best what held-out samples are.
    private func calibrate(
        _ set: TrainingSet, _ statistics: LabelStatistics, _ folds: [Fold], _ reporter: Reporter
    ) throws(HeadTrainingError) -> AnalyticChoice {
        let incumbent =
            incumbent
            ?? .guess(
                sampleCount: statistics.count, labelCount: statistics.labelCount,
                featureCount: statistics.featureCount)
        let tried = shrinkages + [incumbent.shrinkage]
        let scores = try parallelMap(folds.count, threads: threads) { i throws(HeadTrainingError) in
            let training = try trainingStatistics(set, statistics, folds[i])
            var scores: [[Float]] = []
            for shrinkage in tried {
                try reporter.check()
                // The temperature divides later; here only the logits count.
                let head = AnalyticHead(training, calibration: .init(shrinkage: shrinkage, temperature: 1))
                scores.append(head.linear.logits(ofRows: set.features, folds[i].heldOut))
            }
            reporter.advance(0.3 / Double(folds.count), "calibrating the analytic head")
            return (labels: training.labelIDs, scores: scores)
        }
        let candidates = tried.indices.map { t in
            var all = OutOfFoldScores(labels: statistics.labelIDs, truth: set.labels)
            for (fold, result) in zip(folds, scores) {
                all.set(result.scores[t], rows: fold.heldOut, headLabels: result.labels)
            }
            return all
        }
        let losses = candidates.dropLast().map { $0.bestTemperature(.samples).logLoss }
        let chosen = losses.indices.min { losses[$0] < losses[$1] }!
        return AnalyticChoice(
            calibration: .init(
                shrinkage: shrinkages[chosen], temperature: candidates[chosen].bestTemperature(.samples).temperature),
            scores: candidates[chosen], incumbent: (candidates.last!, incumbent.temperature))
    }

    // MARK: - Softmax head

    private struct SoftmaxChoice {
        /// A position in `strengths`.
        var chosen: Int
        var temperature: Double
        var scores: OutOfFoldScores
    }

    private func chooseStrength(
        _ set: TrainingSet, _ statistics: LabelStatistics, _ folds: [Fold], _ labels: [Int64],
        _ calibration: AnalyticHead.Calibration, _ reporter: Reporter
    ) throws(HeadTrainingError) -> SoftmaxChoice {
        let scores = try parallelMap(folds.count, threads: threads) { i throws(HeadTrainingError) in
            let fold = folds[i]
            let training = try trainingStatistics(set, statistics, fold)
            let known = labels.filter { training.labels[$0] != nil }
            let covariance = covariance(set, rows: fold.outside, training, shrinkage: calibration.shrinkage)
            let fit = WhitenedFit(
                set, rows: fold.learned, labels: known, statistics: training, covariance: covariance, space: space,
                temperature: calibration.temperature)
            let heads = try fit.heads(strengths: strengths, check: reporter.check)
            reporter.advance(0.55 / Double(folds.count), "fitting the head to folds")
            return (labels: known, scores: heads.map { $0.logits(ofRows: set.features, fold.heldOut) })
        }
        let candidates = strengths.indices.map { s in
            var all = OutOfFoldScores(labels: labels, truth: set.labels)
            for (fold, result) in zip(folds, scores) {
                all.set(result.scores[s], rows: fold.heldOut, headLabels: result.labels)
            }
            return all
        }
        let losses = candidates.map { $0.bestTemperature(.labels).logLoss }
        let chosen = losses.indices.min { losses[$0] < losses[$1] }!
        return SoftmaxChoice(
            chosen: chosen, temperature: candidates[chosen].bestTemperature(.samples).temperature,
            scores: candidates[chosen])
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

    // MARK: - Judging

    private func judge(
        _ set: TrainingSet, folds: [Fold], labels: Set<Int64>, head: LinearHead, strength: Double,
        calibration: AnalyticHead.Calibration, analytic: OutOfFoldScores,
        incumbent: (scores: OutOfFoldScores, temperature: Double), softmax: OutOfFoldScores
    ) -> TrainedHead {
        let rows = folds.flatMap(\.heldOut).sorted()
        let candidates = rows.map { row in
            Prediction(
                labels: analytic.labels,
                probabilities: CombinedAnswer.combine(
                    analyticLabels: analytic.labels,
                    analytic: analytic.probabilities(of: row, temperature: Float(calibration.temperature)),
                    versionLabels: softmax.labels,
                    version: softmax.probabilities(of: row, temperature: head.temperature)),
                truth: set.labels[row])
        }
        let incumbents = rows.map { row in
            Prediction(
                labels: analytic.labels,
                probabilities: incumbent.scores.probabilities(of: row, temperature: Float(incumbent.temperature)),
                truth: set.labels[row])
        }
        // Labels with fewer samples are answered by the analytic head in either case, and hardly show anything.
        let judged = rows.indices.filter { labels.contains(set.labels[rows[$0]]) }
        let truth = judged.map { set.labels[rows[$0]] }
        return TrainedHead(
            head: head, calibration: calibration, strength: strength,
            outOfFold: .init(rows: rows, candidate: candidates, incumbent: incumbents),
            evaluation: Evaluation(truth: truth, predictions: judged.map { candidates[$0] }),
            incumbentEvaluation: Evaluation(truth: truth, predictions: judged.map { incumbents[$0] }),
            verdict: gate.judge(
                truth: truth, incumbent: judged.map { incumbents[$0].label },
                candidate: judged.map { candidates[$0].label }))
    }

    // MARK: - Folds

    /// Exact: what is taken away leaves no trace.
    private func trainingStatistics(
        _ set: TrainingSet, _ statistics: LabelStatistics, _ fold: Fold
    ) throws(HeadTrainingError) -> LabelStatistics {
        var training = statistics
        training.subtract(try self.statistics(of: set, rows: fold.heldOut))
        return training
    }

    private func statistics(of set: TrainingSet, rows: [Int]) throws(HeadTrainingError) -> LabelStatistics {
        var statistics = LabelStatistics(featureCount: set.features.featureCount)
        do {
            try statistics.add(set.features, labels: set.labels, rows: rows)
        } catch {
            throw .tooManySamples(count: rows.count, limit: LabelStatistics.sampleLimit)
        }
        return statistics
    }
}

/// One fold of a training set.
private struct Fold: Sendable {
    /// Positions of its samples.
    let heldOut: [Int]
    /// Positions of all other samples.
    let outside: [Int]
    /// Positions of those whose labels the head learns.
    let learned: [Int]

    init(_ set: TrainingSet, number: Int, labels: [Int64]) {
        let labels = Set(labels)
        heldOut = set.labels.indices.filter { set.folds[$0] == number }
        outside = set.labels.indices.filter { set.folds[$0] != number }
        learned = outside.filter { labels.contains(set.labels[$0]) }
    }

    /// Whether it can tell anything.
    var isUseful: Bool { !heldOut.isEmpty && !learned.isEmpty }
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
