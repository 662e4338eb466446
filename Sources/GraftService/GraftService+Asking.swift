import GraftAPI
import GraftLearning

extension GraftService {
    /// What `image` shows: the `top` most probable labels.
    package func classify(_ image: EncodedImage, top: Int) async throws(Problem) -> Classification {
        try await classify(image, top: top) { $0 }
    }

    /// What `write` makes of that, on the thread that has judged the image: it is awake.
    package func classify<R: Sendable>(
        _ image: EncodedImage, top: Int, write: @escaping @Sendable (Classification) -> R
    ) async throws(Problem) -> R {
        let (model, vision) = try visionOfLiveModel()
        // Known before any work is spent on the image.
        guard model.analytic != nil else { throw Problem(.noLabels, detail: await noLabelsHint(vision)) }
        return try await look(at: image, for: WantedFeatures(toAsk: model), with: vision) {
            // The first to ask after a change makes the scale of novelty, which takes milliseconds.
            (model.answer($0, count: top), model.novelty(of: $0))
        } conclude: { [self] seen, judgement in
            let (best, novelty) = judgement
            return write(
                Classification(
                    id: recent.insert(seen), model: model.reference, top: best, novelty: novelty,
                    unknown: novelty > NoveltyScale.unknownFrom))
        }
    }
}

extension LiveModel {
    /// How unlike everything the model has learned the image is.
    fileprivate func novelty(of features: SeenFeatures) -> Float {
        guard let novelty, let features = features[top] else { return 0 }
        return novelty.novelty(of: features)
    }
}
