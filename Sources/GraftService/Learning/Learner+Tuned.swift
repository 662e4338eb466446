import GraftAPI
import GraftLearning
import GraftNetwork
import GraftStore
import GraftTensor

/// Statistics of what the active version's own top makes of samples.
///
/// They belong to that top, and are built from latents when the version takes over. From then on every change is followed in
/// them as in the others, which stay: the next version, tuned or not, needs them.
extension Learner {
    /// Those of the features that answers are made of.
    var liveStatistics: LabelStatistics { tuned ?? statistics }

    /// How many samples are read, shown and kept at a time.
    private static let shownAtATime = 64
    /// How many a thread is shown before it may answer a request.
    private static let shownInARow = 4

    /// Shows `top` every sample with a latent that it has not seen, and keeps what it makes of them.
    ///
    /// - Returns: what was kept.
    func show(to top: VersionTop) async throws(Problem) -> [RelearnedSample] {
        var last: Int64 = 0
        var shown: [RelearnedSample] = []
        while true {
            let unseen = try await storing {
                try await store.samplesUnseen(
                    byVersion: top.version, cut: top.cut, after: last, limit: Self.shownAtATime)
            }
            guard let end = unseen.last else { return shown }
            let seen = try await features(of: unseen, through: top)
            shown += try await storing { try await store.keep(seen, of: top.version) }
            last = end.sequence
        }
    }

    /// What `top` makes of samples, computed by all threads of the pool.
    private func features(
        of samples: [UnseenSample], through top: VersionTop
    ) async throws(Problem) -> [TunedSample] {
        let pool = pool
        let parts = stride(from: 0, to: samples.count, by: Self.shownInARow).map {
            samples[$0..<min($0 + Self.shownInARow, samples.count)]
        }
        do {
            return try await withThrowingTaskGroup(of: [TunedSample].self) { group in
                for part in parts {
                    group.addTask {
                        try await Self.features(of: part, through: top, on: pool)
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
        } catch let problem as Problem {
            throw problem
        } catch {
            throw Problem(.internal, detail: "a latent in the store cannot be used: \(error)")
        }
    }

    private static func features(
        of samples: ArraySlice<UnseenSample>, through top: VersionTop, on pool: ComputePool
    ) async throws -> [TunedSample] {
        while true {
            do throws(Problem) {
                return try await Vision.compute(on: pool) { worker in
                    try samples.map { sample in
                        let latent = try sample.latent.elements()
                        return TunedSample(
                            id: sample.id, features: top.features(of: latent.span, by: worker).kept.values)
                    }
                }
            } catch {
                // A full queue is no reason to lose what a job has trained.
                guard error.kind == .busy else { throw error }
                try await Task.sleep(for: .milliseconds(20))
            }
        }
    }

    /// Exact sums over all that `top` has made of samples, and their sketches. Synchronous: it reads them all.
    func learned(through top: VersionTop) throws -> (statistics: LabelStatistics, sketches: SketchIndex) {
        var statistics = LabelStatistics(featureCount: top.featureCount)
        var sketches = SketchIndex()
        try store.forEachTunedBatch(version: top.version) { batch in
            let rows = FeatureRows(featureCount: statistics.featureCount, values: batch.flatMap(\.features))
            try statistics.add(rows, labels: batch.map(\.label))
            for sample in batch { sketches.add(sample) }
        }
        return (statistics, sketches)
    }

    /// The sample as the active version's own top has it, which may have been swapped in since the image was looked at.
    func seenByTheActiveVersion(_ sample: NewSample) async throws(Problem) -> NewSample {
        guard sample.tuned?.version != version.top?.version else { return sample }
        var sample = sample
        sample.tuned = nil
        guard let top = version.top else { return sample }
        guard let kept = sample.latent else {
            throw Problem(.busy, detail: "another version was published meanwhile: send the image again")
        }
        let features = try await Vision.compute(on: pool) { worker in
            let latent = try kept.elements()
            return top.features(of: latent.span, by: worker).kept.values
        }
        sample.tuned = .init(version: top.version, features: features)
        return sample
    }
}

extension SketchIndex {
    mutating func add(_ sample: RelearnedSample) {
        add(
            sample.id, label: sample.label, sketch: FeatureSketch(RootFeatures(values: sample.features)),
            isOriginal: !sample.isNearDuplicate)
    }
}
