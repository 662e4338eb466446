import Foundation
import GraftTensor

/// Trains strategy `auto`: a head, then top blocks where there are latents and time, and keeps what answers held-out
/// samples best.
package struct AutoTraining: Sendable {
    package var head: HeadTraining
    /// nil where no block can be tuned.
    package var top: TopTraining?

    package init(head: HeadTraining = HeadTraining(), top: TopTraining?) {
        (self.head, self.top) = (head, top)
        // The top starts from it, and sees what it sees.
        self.head.space = .roots
    }

    /// What was tried, and what is kept.
    package struct Outcome: Sendable, Equatable {
        package var head: TrainedHead
        /// nil where none was tuned, or none to an end.
        package var top: TrainedTop?
        package var keepsTop: Bool
        /// One sentence for people.
        package var reason: String
    }

    /// - Parameters:
    ///   - latents: nil where none are kept.
    ///   - progress: Told the fraction done, in `0...1`, and what is being done; from any thread, one call at a time.
    package func train(
        _ set: TrainingSet, latents: (any LatentSource)?, seed: UInt64, by worker: Worker = .alone,
        progress: @escaping @Sendable (Double, String) -> Void = { _, _ in },
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) throws(HeadTrainingError) -> Outcome {
        let begin = ContinuousClock.now
        let headPart = top == nil || latents == nil ? 1 : 0.1
        let trained = try head.train(set, progress: { progress(headPart * $0, $1) }, isCancelled: isCancelled)
        func headOnly(_ reason: String) -> Outcome {
            Outcome(head: trained, top: nil, keepsTop: false, reason: "kept the head: \(reason)")
        }
        guard var training = top else { return headOnly("the blocks above the cut cannot be tuned") }
        guard let latents else { return headOnly("no latents are kept") }
        // The plan is for the whole limit, whatever the head took of it: that depends on the machine.
        training.deadline = training.deadline ?? begin + training.timeLimit
        do {
            let tuned = try training.train(
                set, start: trained, latents: latents, seed: seed, by: worker,
                progress: { progress(headPart + (1 - headPart) * $0, $1) }, isCancelled: isCancelled)
            return Self.choose(set, trained, tuned)
        } catch TuningError.cancelled {
            throw .cancelled
        } catch {
            return headOnly("\(error)")
        }
    }

    /// By balanced accuracy on the samples that both were judged on, paired; where the difference is within its standard
    /// error, by log loss, which tells more of few samples.
    static func choose(_ set: TrainingSet, _ head: TrainedHead, _ top: TrainedTop) -> Outcome {
        let ofHead = Dictionary(uniqueKeysWithValues: zip(head.outOfFold.rows, head.outOfFold.candidate))
        let rows = top.outOfFold.rows
        let truth = rows.map { set.labels[$0] }
        let headAnswers = rows.map { ofHead[$0]! }
        let verdict = Gate().judge(
            truth: truth, incumbent: headAnswers.map(\.label), candidate: top.outOfFold.candidate.map(\.label))
        let headJudged = Evaluation(truth: truth, predictions: headAnswers)
        let isClear = abs(verdict.difference) > verdict.standardError
        let keepsTop = isClear ? verdict.difference > 0 : top.evaluation.logLoss < headJudged.logLoss
        let reason = String(
            format:
                "kept the %@: tuned blocks answer %.1f %% of held-out samples rightly (%.1f %% over labels, log loss "
                + "%.3f), the head %.1f %% (%.1f %%, %.3f)", keepsTop ? "tuned blocks" : "head",
            100 * top.evaluation.accuracy, 100 * top.evaluation.balancedAccuracy, top.evaluation.logLoss,
            100 * headJudged.accuracy, 100 * headJudged.balancedAccuracy, headJudged.logLoss)
        return Outcome(head: head, top: top, keepsTop: keepsTop, reason: reason)
    }
}
