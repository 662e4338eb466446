import GraftAPI

/// Whether the service does what it is there for.
extension GraftService {
    /// How many images requests, and the service itself, have had looked at.
    package var inferences: Int { inferenceCount.load(ordering: .relaxed) }

    /// Which version and revision answer.
    package var reference: ModelReference { live.current.reference }

    /// Answers a gray image as a request would have it answered. Without a backbone, only a compute thread says that it is
    /// there.
    package func answerTestImage() async throws(Problem) {
        let model = live.current
        guard let vision = model.vision else { return try await Vision.compute(on: pool) { _ in } }
        let look = try await vision.look(at: vision.testImage, for: WantedFeatures(toAsk: model), on: pool)
        _ = model.answer(look.features, count: 1)
        inferenceCount.add(1, ordering: .relaxed)
    }
}
