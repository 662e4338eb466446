import GraftAPI
import GraftLearning
import GraftNetwork

/// An image to answer without remembering it.
package enum InferredImage: Sendable {
    case encoded(EncodedImage)
    /// Red, green and blue of 0 to 255, of the size that the network sees. `[H, W, 3]`
    case pixels([Float])
}

/// Answers to many images, all by one model.
package struct Inference: Sendable {
    package let model: ModelReference
    /// In the order of the images.
    package let answers: [Answer]

    package struct Answer: Sendable {
        /// Empty, with probability 0, where no label is known.
        package let label: String
        package let probability: Float
        package let features: [Float]
    }
}

/// The model that answers, for whoever prepares images for it.
package struct ModelFacts: Sendable {
    package let reference: ModelReference
    /// Side of the square that the network sees; nil without a backbone.
    package let imageSide: Int?
    package let featureCount: Int?
    package let hasLabels: Bool
}

extension GraftService {
    package var model: ModelFacts {
        let model = live.current
        return ModelFacts(
            reference: model.reference, imageSide: model.vision?.backbone.preprocessing.cropSide,
            featureCount: model.vision?.backbone.featureCount, hasLabels: model.analytic != nil)
    }

    /// The versions that can be made to answer, newest first; 0 is the analytic head alone.
    package func answerableVersions() async throws(Problem) -> [Int] {
        try await versions().versions.filter { $0.state != .rejected }.map(\.version) + [0]
    }

    /// - Throws: `Problem` where no image can be looked at.
    package func requireReady() throws(Problem) {
        if isStopping {
            throw Problem(.stopping, detail: "the service is stopping; try again when it has been started")
        }
        _ = try visionOfLiveModel()
    }

    /// What each of `images` shows. A batch is split over the compute threads, and takes no more of the queue than keeps them busy.
    ///
    /// - Parameter needsLabels: Whether it is an error that no label is known yet; features there are without.
    package func infer(_ images: [InferredImage], needsLabels: Bool) async throws(Problem) -> Inference {
        let (model, vision) = try visionOfLiveModel()
        if needsLabels && model.analytic == nil {
            throw Problem(.noLabels, detail: await noLabelsHint(vision))
        }
        let outcomes = await withTaskGroup(of: Outcome.self) { group in
            var outcomes: [Outcome] = []
            var waiting = images.enumerated().makeIterator()
            func start() {
                guard let (index, image) = waiting.next() else { return }
                group.addTask { await self.outcome(of: image, at: index, model, vision) }
            }
            for _ in 0..<2 * pool.threads { start() }
            while let outcome = await group.next() {
                outcomes.append(outcome)
                // What is left of a batch that has failed need not be looked at.
                if outcome.problem == nil { start() } else { waiting = [].enumerated().makeIterator() }
            }
            return outcomes.sorted { $0.index < $1.index }
        }
        if let problem = outcomes.lazy.compactMap(\.problem).first { throw problem }
        return Inference(model: model.reference, answers: outcomes.compactMap(\.answer))
    }

    /// What came of the image at `index` of a batch: one of the two.
    private struct Outcome: Sendable {
        let index: Int
        var answer: Inference.Answer?
        var problem: Problem?
    }

    private func outcome(of image: InferredImage, at index: Int, _ model: LiveModel, _ vision: Vision) async -> Outcome
    {
        do {
            return Outcome(index: index, answer: try await infer(image, model, vision))
        } catch {
            return Outcome(index: index, problem: error)
        }
    }

    private func infer(
        _ image: InferredImage, _ model: LiveModel, _ vision: Vision
    ) async throws(Problem) -> Inference.Answer {
        let wanted = WantedFeatures(toAsk: model)
        let look: Vision.Look =
            switch image {
            case .encoded(let image): try await vision.look(at: image, for: wanted, on: pool)
            case .pixels(let pixels): try await vision.look(atPixels: pixels, for: wanted, on: pool)
            }
        note(look)
        let best = model.answer(look.features, count: 1).first
        return Inference.Answer(
            label: best?.label ?? "", probability: best?.probability ?? 0,
            features: look.features[model.top]?.plain ?? [])
    }
}
