import GraftAPI
import GraftLearning
import GraftStore

/// The version that answered before the last swap: it is asked about every newly taught sample, and nobody else hears it.
struct Shadow: Sendable {
    /// What it would be if it answered again.
    let before: ActiveVersion
    /// What it answers by alone, where it sees other features than the version that answers: its head, or for version 0 the
    /// analytic head as it was at the swap. Nil where it answers beside the same analytic head.
    let alone: VersionHead?

    var version: Int64 { before.number }
    /// Its own top; nil where it sees what the backbone gives.
    var top: VersionTop? { before.top }

    /// What it says of an image, beside the same analytic head as the version that answers: the two differ in what training
    /// made of them, not in what was learned since.
    ///
    /// - Parameter features: Those that its top makes of the image.
    func answer(_ features: ImageFeatures, model: LiveModel) -> ShadowAnswer? {
        let all: [(label: Int64, probability: Float)]
        if let alone {
            all = zip(alone.labels, alone.probabilities(of: features)).map { (label: $0, probability: $1) }
        } else if let analytic = model.analytic {
            all = CombinedAnswer.probabilities(analytic: analytic, version: before.head, features: features)
        } else {
            return nil
        }
        let best =
            all
            .compactMap { id, probability in model.names[id].map { (label: $0, probability: probability) } }
            .min { ($1.probability, $0.label) < ($0.probability, $1.label) }
        return best.map { ShadowAnswer(version: version, label: $0.label) }
    }
}
