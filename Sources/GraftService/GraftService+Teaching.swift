import GraftAPI
import GraftStore

/// How an image is to be taught.
package struct Teaching: Sendable {
    /// Nil for an example of none of the labels.
    package let label: String?
    package let group: String?
    /// Whether bytes that are known under another label get this one, rather than an error.
    package let relabel: Bool

    package init(label: String?, group: String?, relabel: Bool) {
        self.label = label
        self.group = group
        self.relabel = relabel
    }
}

extension Teaching {
    /// The label's name; nil for none of the labels.
    fileprivate func name() throws(Problem) -> LabelName? {
        guard let label else { return nil }
        return try GraftService.name(label)
    }
}

/// What came of a teach call.
package struct TeachingOutcome: Sendable {
    package let taught: Taught
    /// Whether a sample was added; false for bytes that were known.
    package let isNew: Bool
}

extension GraftService {
    /// Teaches what `image` shows; returns when that is durable and can be answered.
    package func teach(_ image: EncodedImage, _ teaching: Teaching) async throws(Problem) -> TeachingOutcome {
        let name = try teaching.name()
        let (model, vision) = try visionOfLiveModel()
        let wanted = WantedFeatures(toTeach: model)
        let seen = try await look(
            at: image, for: wanted, with: vision, toTeach: true, judge: { _ in }, conclude: { seen, _ in seen })
        return try await teach(seen, as: name, teaching, model, vision)
    }

    /// Teaches the image of the recent answer `id`.
    package func teach(answer id: String, _ teaching: Teaching) async throws(Problem) -> TeachingOutcome {
        let name = try teaching.name()
        guard let seen = recent[id] else {
            throw Problem(
                .unknownAnswer,
                detail: "answer '\(id)' is not among the last ones: send the image itself instead of ?answer=")
        }
        let (model, vision) = try visionOfLiveModel()
        guard seen.fingerprint == vision.backbone.fingerprint else {
            throw Problem(
                .unknownAnswer,
                detail: "answer '\(id)' was given by another backbone: send the image itself instead of ?answer=")
        }
        return try await teach(
            try await complete(seen, id: id, for: model, vision), as: name, teaching, model, vision)
    }

    /// The image of the answer `id` with what it takes to teach it: a version's own top answered by its features alone.
    private func complete(
        _ seen: SeenImage, id: String, for model: LiveModel, _ vision: Vision
    ) async throws(Problem) -> SeenImage {
        let missing = WantedFeatures(toTeach: model).missing(in: seen.features)
        if missing.isNothing { return seen }
        guard let latent = seen.latent else {
            throw Problem(
                .unknownAnswer,
                detail:
                    "what is needed to teach the answer '\(id)' is not kept any more: send the image itself instead "
                    + "of ?answer=")
        }
        var seen = seen
        let found = try await vision.finish(latent, for: missing, on: pool)
        seen.features.own = seen.features.own ?? found.own
        seen.features.tuned.merge(found.tuned) { old, _ in old }
        return seen
    }

    private func teach(
        _ seen: SeenImage, as name: LabelName?, _ teaching: Teaching, _ model: LiveModel, _ vision: Vision
    ) async throws(Problem) -> TeachingOutcome {
        var kept: KeptImage?
        if let image = seen.image { kept = try await vision.kept(image, by: configuration.keep, on: pool) }
        // Prequential: what the model says before it learns the sample is the honest measure of its quality.
        let predicted = model.answer(seen.features, count: 1).first
        let outcome = try await learner.teach(
            seen, as: name, group: teaching.group, relabel: teaching.relabel, keeping: kept, predicted: predicted,
            shadow: name == nil ? nil : shadowAnswer(seen.features, model), by: model.reference)
        if outcome.isNew { events.send(.sample(outcome.taught)) }
        return outcome
    }

    /// What the version in shadow says of an image, by the features that are its own.
    private func shadowAnswer(_ features: SeenFeatures, _ model: LiveModel) -> ShadowAnswer? {
        guard let shadow = model.shadow, let own = features[shadow.top] else { return nil }
        return shadow.answer(own, model: model)
    }
}
