import GraftLearning
import GraftStore

/// What a published version said of samples that it had not learned.
struct IncumbentAnswers {
    /// What it said out of fold of each sample it learned, by position.
    private let outOfFold: [(label: Int64, probability: Float)?]
    /// The label it gave each sample before that was learned, by position; nil where nobody asked it, or where it had as good
    /// as seen the sample.
    private let prequential: [Int64?]

    /// - Parameters:
    ///   - labels: Those of the version's own head.
    ///   - samples: The ids of the samples.
    ///   - groups: The group of each.
    init(version: Int64, labels: Set<Int64>, store: Store, samples: [String], groups: [String]) throws {
        let outOfFold = try store.answers(of: version)
        let prequential = try store.prequentialAnswers(of: version)
        // Of a burst it learned one frame of, its answer to the next is no honest one.
        let seen = Set(samples.indices.filter { outOfFold[samples[$0]] != nil }.map { groups[$0] })
        self.outOfFold = samples.map { outOfFold[$0].map { ($0.label, $0.probability) } }
        self.prequential = samples.indices.map { i in
            // What the analytic head answered for it, because it lacks the label, that head would answer better by now.
            guard !seen.contains(groups[i]), let label = prequential[samples[i]], labels.contains(label) else {
                return nil
            }
            return label
        }
    }

    /// Of the sample at `position`, as it would answer now: labels that came later take some of those it learned before.
    func answer(at position: Int, beside lacked: LackedLabel?) -> Int64? {
        guard let answer = outOfFold[position] else { return prequential[position] }
        return lacked?.answer(beside: answer.label, probability: answer.probability) ?? answer.label
    }
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
            incumbent: judged.map { n in
                incumbent?.answer(
                    at: outOfFold.rows[n], beside: outOfFold.lacked.isEmpty ? nil : outOfFold.lacked[n])
                    ?? outOfFold.incumbent[n].label
            },
            candidate: judged.map { outOfFold.candidate[$0].label })
    }
}
