/// What a training made, and how good it was on samples that were held out.
package struct TrainedHead: Sendable, Equatable {
    /// Learned from all samples of labels that have enough of them.
    package var head: LinearHead
    /// What suits the analytic head best.
    package var calibration: AnalyticHead.Calibration
    /// By the number of each fold that was held out: the head, as strongly held, that had not learned it.
    package var foldHeads: [Int: LinearHead]
    /// How strongly the head was held to the analytic solution; nil where it is that, because a fit would have taken too
    /// long.
    package var strength: Double?
    /// What was said of each sample that was held out: of all that could be, unless there are very many.
    package var outOfFold: OutOfFold
    /// Of the candidate: this head, with the analytic head for the labels it lacks. Over samples of the head's labels.
    package var evaluation: Evaluation
    /// Of the analytic head alone, as it answered before. Over the same samples.
    package var incumbentEvaluation: Evaluation
    /// Of the candidate against that analytic head.
    package var verdict: Gate.Verdict

    /// Predictions by heads that had not learned the sample's fold.
    package struct OutOfFold: Sendable, Equatable {
        /// Positions in the training set, ascending.
        package var rows: [Int]
        /// Of the candidate, for each of `rows`.
        package var candidate: [Prediction]
        /// Of the analytic head as it answered before.
        package var incumbent: [Prediction]
        /// What that head said of the labels that the version beside it lacks; empty where none is.
        package var lacked: [LackedLabel] = []

        /// Those of `positions` in it.
        func keeping(_ positions: [Int], candidate: [Prediction]) -> OutOfFold {
            OutOfFold(
                rows: positions.map { rows[$0] }, candidate: candidate, incumbent: positions.map { incumbent[$0] },
                lacked: lacked.isEmpty ? [] : positions.map { lacked[$0] })
        }
    }
}
