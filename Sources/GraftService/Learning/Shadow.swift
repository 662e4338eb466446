import GraftAPI
import GraftLearning
import GraftStore

/// The version that answered before the last swap: it is asked about every newly taught sample, and nobody else hears it.
struct Shadow: Sendable {
    let version: Int64
    /// Nil for version 0, the analytic head alone.
    let head: LinearHead?

    /// What it says of an image, beside the same analytic head as the version that answers: the two differ in what training
    /// made of them, not in what was learned since.
    func answer(_ features: ImageFeatures, model: LiveModel) -> ShadowAnswer? {
        guard let analytic = model.analytic else { return nil }
        let best = CombinedAnswer.probabilities(analytic: analytic, version: head, features: features)
            .compactMap { id, probability in model.names[id].map { (label: $0, probability: probability) } }
            .min { ($1.probability, $0.label) < ($0.probability, $1.label) }
        return best.map { ShadowAnswer(version: version, label: $0.label) }
    }
}
