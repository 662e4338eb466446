import GraftLearning
import GraftStore

/// What a published version said of samples that it had not learned.
struct IncumbentAnswers {
    /// The label it gave each sample, by position; nil where nobody asked it, or where it had as good as seen the sample.
    private let labels: [Int64?]

    /// - Parameters:
    ///   - samples: The ids of the samples.
    ///   - groups: The group of each.
    init(version: Int64, store: Store, samples: [String], groups: [String]) throws {
        let outOfFold = try store.answers(of: version)
        let prequential = try store.prequentialAnswers(of: version)
        // Of a burst it learned one frame of, its answer to the next is no honest one.
        let seen = Set(samples.indices.filter { outOfFold[samples[$0]] != nil }.map { groups[$0] })
        // What the analytic head answered for it, because it lacks the label, that head would answer better by now.
        let known = Set(outOfFold.values.map(\.label))
        labels = samples.indices.map { i in
            if let answer = outOfFold[samples[i]] { return answer.label }
            guard !seen.contains(groups[i]), let label = prequential[samples[i]], known.contains(label) else {
                return nil
            }
            return label
        }
    }

    /// Of the sample at `position`.
    subscript(position: Int) -> Int64? { labels[position] }
}

extension Gate {
    /// The verdict on a candidate against the version whose answers these are; where that said nothing, or there is none,
    /// against the analytic head. Over the samples of `labels`, those that the candidate answers: the others are left to
    /// the analytic head in either case, and are too few to show anything but noise.
    func judge(
        _ outOfFold: TrainedHead.OutOfFold, labels: Set<Int64>, _ set: TrainingSet, against incumbent: IncumbentAnswers?
    ) -> Verdict {
        let judged = outOfFold.rows.indices.filter { labels.contains(set.labels[outOfFold.rows[$0]]) }
        return judge(
            truth: judged.map { set.labels[outOfFold.rows[$0]] },
            incumbent: judged.map { incumbent?[outOfFold.rows[$0]] ?? outOfFold.incumbent[$0].label },
            candidate: judged.map { outOfFold.candidate[$0].label })
    }
}
