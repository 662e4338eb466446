import GraftAPI

extension GraftService {
    /// What `image` shows: the `top` most probable labels.
    package func classify(_ image: EncodedImage, top: Int) async throws(Problem) -> Classification {
        let (model, vision) = try visionOfLiveModel()
        // Known before any work is spent on the image.
        guard model.analytic != nil else { throw Problem(.noLabels, detail: await noLabelsHint(vision)) }
        let seen = try await look(at: image, for: WantedFeatures(toAsk: model), with: vision)
        return Classification(
            id: recent.insert(seen), model: model.reference, top: model.answer(seen.features, count: top))
    }
}
