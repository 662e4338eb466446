import GraftAPI
import GraftLearning

extension GraftService {
    /// What `image` shows: the `top` most probable labels.
    package func classify(_ image: EncodedImage, top: Int) async throws(Problem) -> Classification {
        let (model, vision) = try visionOfLiveModel()
        // Known before any work is spent on the image.
        guard model.analytic != nil else { throw Problem(.noLabels, detail: await noLabelsHint(vision)) }
        let seen = try await look(at: image, for: WantedFeatures(toAsk: model), with: vision)
        let novelty = try await novelty(of: seen.features, model)
        return Classification(
            id: recent.insert(seen), model: model.reference, top: model.answer(seen.features, count: top),
            novelty: novelty, unknown: novelty > NoveltyScale.unknownFrom)
    }

    /// How unlike everything the model has learned the image is.
    private func novelty(of features: SeenFeatures, _ model: LiveModel) async throws(Problem) -> Float {
        guard let novelty = model.novelty, let features = features[model.top] else { return 0 }
        // The first to ask after a change makes the scale, which takes milliseconds: they belong on a compute thread.
        if novelty.isReady { return novelty.novelty(of: features) }
        return try await Vision.compute(on: pool) { _ in novelty.novelty(of: features) }
    }
}
