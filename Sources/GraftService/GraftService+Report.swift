import GraftAPI
import GraftLearning
import GraftStore

/// How good the answers are.
extension GraftService {
    /// Over how many of the last taught samples, unless a client says.
    package static let reportWindow = Store.prequentialWindow
    package static let reportWindowLimit = 100_000
    /// The most points of a series: as many as fit on a line of a terminal.
    private static let seriesLimit = 40

    /// - Parameter window: Over how many of the last taught samples prequential quality is taken.
    package func report(window: Int) async throws(Problem) -> Report {
        let model = live.current
        let counts = try await storing { try await store.counts(fingerprint: model.vision?.backbone.fingerprint) }
        let predicted = try await storing { try await store.prequential(last: window) }
        let versions = try await versions().versions
        return Report(
            model: model.reference, samples: counts.samples, negatives: counts.negatives,
            prequential: AnswerCounts(predicted, names: model.names).map {
                PrequentialReport(window: window, counts: $0, series: Self.series(predicted))
            },
            heldOut: try await heldOutReport(model),
            versions: versions.reversed().compactMap { version in
                version.quality.map {
                    VersionQuality(
                        version: version.version, state: version.state, active: version.active,
                        created: version.created, quality: $0)
                }
            })
    }

    private func heldOutReport(_ model: LiveModel) async throws(Problem) -> HeldOutReport? {
        let number = Int64(model.reference.version)
        guard number != 0 else { return nil }
        let judged = try await storing { try await store.judged(by: number) }
        let measured = try await storing { try await store.version(number) }.measured
        return AnswerCounts(judged, names: model.names).map {
            HeldOutReport(version: Int(number), counts: $0, logLoss: measured?.quality.logLoss)
        }
    }

    /// The accuracy of up to ``seriesLimit`` parts, of ten samples at least unless there are fewer in all.
    static func series(_ samples: [JudgedSample]) -> [Double] {
        let parts = min(seriesLimit, max(samples.count / 10, 1))
        return (0..<parts).compactMap { part in
            let range = part * samples.count / parts..<(part + 1) * samples.count / parts
            guard !range.isEmpty else { return nil }
            return Double(samples[range].count { $0.answered == $0.label }) / Double(range.count)
        }
    }
}

extension AnswerCounts {
    /// What is called a label that has been forgotten since it was answered.
    private static let forgotten = "(forgotten)"

    /// Nil without samples.
    init?(_ samples: [JudgedSample], names: [Int64: String]) {
        guard !samples.isEmpty else { return nil }
        let evaluation = Evaluation(
            truth: samples.map(\.label),
            predictions: samples.map {
                // Only what the answer's own probability says is taken from this.
                Prediction(label: $0.answered, probability: $0.probability, truthProbability: 0)
            })
        let name = { (id: Int64) in names[id] ?? Self.forgotten }
        var confusion: [ConfusionCount] = []
        for (row, label) in evaluation.labels.enumerated() {
            for (column, answered) in evaluation.labels.enumerated() where evaluation.confusion[row][column] > 0 {
                confusion.append(
                    ConfusionCount(
                        label: name(label.label), answered: name(answered.label),
                        samples: evaluation.confusion[row][column]))
            }
        }
        self.init(
            samples: evaluation.samples, accuracy: evaluation.accuracy,
            balancedAccuracy: evaluation.balancedAccuracy, calibrationError: evaluation.calibrationError,
            labels: evaluation.labels.map {
                LabelReport(label: name($0.label), samples: $0.samples, answered: $0.predicted, found: $0.found)
            }.sorted { $0.label < $1.label },
            confusion: confusion.sorted { ($0.label, $0.answered) < ($1.label, $1.answered) })
    }
}
