import GraftLearning
import GraftStore

/// Which taught samples are nearly copies of earlier ones, and so share their fold.
extension Learner {
    /// What a taught sample is nearly a copy of.
    enum NearDuplicate {
        /// The sample with this id.
        case stored(String)
        /// The one at this position of the same batch.
        case inBatch(Int)
    }

    /// The samples of `batch`, each with its sketch and with the cluster of what it is nearly a copy of, if of anything.
    ///
    /// Only samples of the same label are compared: the same picture under two labels is a mistake that folds cannot mend.
    func clustered(
        _ batch: [PendingTeaching]
    ) async throws -> (samples: [NewSample], nearDuplicates: [NearDuplicate?]) {
        let ids = Dictionary(names.map { ($0.value, $0.key) }, uniquingKeysWith: min)
        let nearness = Nearness(statistics)
        var samples: [NewSample] = []
        var found: [NearDuplicate?] = []
        for taught in batch {
            var sample = taught.sample
            let sketch = FeatureSketch(taught.features)
            sample.sketch = sketch.bytes
            let label = sample.label.map { ids[$0.value] } ?? LabelStatistics.background
            if let earlier = try await earlierSample(near: taught, sketch, label: label, nearness) {
                sample.cluster = earlier.foldName
                found.append(.stored(earlier.id))
            } else if let position = samples.indices.first(where: { areNear(batch[$0], taught, nearness) }) {
                sample.cluster = samples[position].foldName
                found.append(.inBatch(position))
            } else {
                found.append(nil)
            }
            samples.append(sample)
        }
        return (samples, found)
    }

    private func earlierSample(
        near taught: PendingTeaching, _ sketch: FeatureSketch, label: Int64?, _ nearness: Nearness
    ) async throws -> LearnableSample? {
        guard let label else { return nil }
        let candidates = sketches.candidates(sketch, label: label)
        return try await store.learnableSamples(candidates).first { candidate in
            candidate.digest != taught.sample.digest
                && nearness.areNear(RootFeatures(values: candidate.features), taught.features)
        }
    }

    private func areNear(_ earlier: PendingTeaching, _ taught: PendingTeaching, _ nearness: Nearness) -> Bool {
        earlier.sample.label == taught.sample.label && earlier.sample.digest != taught.sample.digest
            && nearness.areNear(earlier.features, taught.features)
    }

    /// The sketches of all samples of the backbone `fingerprint`.
    func readSketches(fingerprint: String) throws {
        var index = SketchIndex()
        try store.forEachSketch(fingerprint: fingerprint) { samples in
            for sample in samples {
                let kept = sample.sketch.flatMap { FeatureSketch(bytes: $0) }
                let made = sample.features.map { FeatureSketch(RootFeatures(values: $0)) }
                guard let sketch = kept ?? made else { continue }
                index.add(sample.id, label: sample.label, sketch: sketch, isOriginal: !sample.isNearDuplicate)
            }
        }
        sketches = index
    }

    // MARK: Samples that novelty is measured against

    /// As many tell a fraction of 0.05 to within 0.014.
    private static let knownLimit = 256

    /// Reads them again, where one of `taught` belongs among them; all changes where nil.
    func readKnown(fingerprint: String, taught: [[UInt8]]? = nil) async throws {
        if let taught, known.count == Self.knownLimit {
            guard taught.contains(where: { $0.lexicographicallyPrecedes(lastKnown) }) else { return }
        }
        let samples = try await store.drawnSamples(
            fingerprint: fingerprint, version: version.top?.version, limit: Self.knownLimit)
        known = samples.map { KnownSample(label: $0.label, features: RootFeatures(values: $0.features)) }
        lastKnown = samples.last?.digest ?? []
    }
}
