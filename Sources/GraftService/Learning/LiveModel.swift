import GraftAPI
import GraftLearning
import Synchronization

/// All that an answer needs, as it was at one moment: immutable, so a request that reads it once answers from one
/// version and revision, whatever is swapped in meanwhile.
struct LiveModel: Sendable {
    let reference: ModelReference
    /// What looks at images; nil before the first backbone.
    let vision: Vision?
    /// Label names by id.
    let names: [Int64: String]
    /// Solved from every sample; nil before the first label.
    let novelty: Novelty?
    /// The published version's head; nil for version 0, when the analytic head answers alone.
    let head: VersionHead?
    /// The published version's own top, which then makes the features; nil where it was not tuned.
    let top: VersionTop?
    /// How many samples of labels it has learned: fewer than there are where a tuned top has not seen some.
    let learnedSamples: Int
    /// What answered before; nil where nobody asks it any more.
    let shadow: Shadow?
    /// How many labels have samples enough to train on.
    let readyLabels: Int

    static let empty = LiveModel(
        reference: ModelReference(version: 0, revision: 0), vision: nil, names: [:], novelty: nil, head: nil,
        top: nil, learnedSamples: 0, shadow: nil, readyLabels: 0)

    /// Nil before the first label.
    var analytic: AnalyticHead? { novelty?.analytic }

    /// The `count` most probable labels of an image with these features, best first; empty where no label is known.
    ///
    /// Ties go by name, so that the order is the same everywhere.
    ///
    /// - Precondition: `features` have those that this model answers by.
    func answer(_ features: SeenFeatures, count: Int) -> [LabelProbability] {
        guard let analytic else { return [] }
        guard let features = features[top] else { preconditionFailure("the features of \(reference) are not there") }
        let probabilities = CombinedAnswer.probabilities(analytic: analytic, version: head, features: features)
        return
            probabilities
            .compactMap { id, probability in
                names[id].map { LabelProbability(label: $0, probability: probability) }
            }
            .sorted { ($1.probability, $0.label) < ($0.probability, $1.label) }
            .prefix(count).map { $0 }
    }
}

/// The model that answers. A request reads `current` once and keeps it to the end.
final class LiveModelBox: Sendable {
    private let model: Mutex<LiveModel>
    private let changed = Mutex(ContinuousClock.now)
    private let lack = Mutex(GraftService.noBackboneHint)

    init(_ model: LiveModel) { self.model = Mutex(model) }

    /// Why there is no backbone, and what to do, where there is none.
    var lackOfBackbone: String {
        get { lack.withLock { $0 } }
        set { lack.withLock { $0 = newValue } }
    }

    var current: LiveModel { model.withLock { $0 } }

    /// When something was learned last, or the model first made.
    var lastChange: ContinuousClock.Instant { changed.withLock { $0 } }

    func swap(to next: LiveModel) {
        model.withLock { $0 = next }
        changed.withLock { $0 = .now }
    }
}
