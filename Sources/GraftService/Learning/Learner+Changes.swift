import GraftAPI
import GraftLearning
import GraftStore

/// How each kind of change gets from the disk into the statistics.
extension Learner {
    /// Stores a batch, learns what is new in it, and solves once. One outcome for each.
    func learn(_ batch: [PendingTeaching]) async -> [Result<TeachingOutcome, Problem>] {
        var batch = batch
        // What the version that answers now cannot see is refused alone: the others have nothing to do with it.
        var refusals: [Int: Problem] = [:]
        do {
            try await catchUp()
            let fingerprint = try loadedVision().backbone.fingerprint
            for i in batch.indices {
                do throws(Problem) {
                    guard batch[i].sample.fingerprint == fingerprint else {
                        throw Problem(.busy, detail: "another backbone was loaded meanwhile: send the image again")
                    }
                    batch[i].sample = try await seenByTheActiveVersion(batch[i].sample)
                } catch {
                    refusals[i] = error
                }
            }
            let accepted = batch.indices.filter { refusals[$0] == nil }
            var learned = try await learn(accepted.map { batch[$0] }, fingerprint: fingerprint).makeIterator()
            return batch.indices.map { i in
                if let refusal = refusals[i] { return .failure(refusal) }
                guard let outcome = learned.next() else { preconditionFailure("there is an outcome for each sample") }
                return outcome
            }
        } catch {
            return batch.indices.map { .failure(refusals[$0] ?? error) }
        }
    }

    private func learn(
        _ batch: [PendingTeaching], fingerprint: String
    ) async throws(Problem) -> [Result<TeachingOutcome, Problem>] {
        guard !batch.isEmpty else { return [] }
        let clustered = try await storing { try await self.clustered(batch) }
        let samples = clustered.samples
        let stored = try await storing {
            try await store.teach(
                samples, imageByteLimit: configuration.keepLimit, latentByteLimit: configuration.latentLimit)
        }
        if stored.imagesWithoutRoom > 0 { sayThatImagesHaveNoRoom() }
        try await following {
            // Names first: a label that is learned can be answered, and then it needs its name.
            try await readNames()
            try learn(batch, clustered, stored.outcomes)
            try await readKnown(fingerprint: fingerprint, taught: samples.map(\.digest))
        }
        if stored.lastChange != lastChange {
            lastChange = stored.lastChange
            publish()
            await judgeShadow()
            saveStatisticsIfDue()
        }
        return batch.indices.map { position in
            let nearDuplicate: String? =
                switch clustered.nearDuplicates[position] {
                case .stored(let id): id
                case .inBatch(let earlier): stored.outcomes[earlier].keptID
                case nil: nil
                }
            return answer(batch[position], stored.outcomes[position], nearDuplicateOf: nearDuplicate)
        }
    }

    private func learn(
        _ batch: [PendingTeaching], _ clustered: (samples: [NewSample], nearDuplicates: [NearDuplicate?]),
        _ outcomes: [TeachOutcome]
    ) throws {
        for (position, outcome) in outcomes.enumerated() {
            let isOriginal = clustered.nearDuplicates[position] == nil
            switch outcome {
            case .stored(let id, let label):
                try statistics.add(batch[position].features, label: label)
                if let features = (clustered.samples[position].tuned?.features).map(RootFeatures.init(values:)) {
                    try tuned?.add(features, label: label)
                    tunedSketches.add(id, label: label, sketch: FeatureSketch(features), isOriginal: isOriginal)
                }
                if let sketch = clustered.samples[position].sketch.flatMap({ FeatureSketch(bytes: $0) }) {
                    sketches.add(id, label: label, sketch: sketch, isOriginal: isOriginal)
                }
            case .relabelled(let id, let from, let to, let features, let seen):
                statistics.relabel(RootFeatures(values: features), from: from, to: to)
                if let seen { tuned?.relabel(RootFeatures(values: seen), from: from, to: to) }
                sketches.move(id, from: from, to: to)
                tunedSketches.move(id, from: from, to: to)
            case .duplicate, .conflict:
                break
            }
        }
    }

    private func answer(
        _ taught: PendingTeaching, _ outcome: TeachOutcome, nearDuplicateOf: String?
    ) -> Result<TeachingOutcome, Problem> {
        func success(id: String, duplicateOf: String?, isNew: Bool) -> Result<TeachingOutcome, Problem> {
            .success(
                TeachingOutcome(
                    taught: Taught(
                        id: id, label: taught.sample.label?.value, duplicateOf: duplicateOf,
                        nearDuplicateOf: isNew ? nearDuplicateOf : nil, predicted: taught.predicted, model: reference),
                    isNew: isNew))
        }
        switch outcome {
        case .stored(let id, _): return success(id: id, duplicateOf: nil, isNew: true)
        case .relabelled(let id, _, _, _, _): return success(id: id, duplicateOf: id, isNew: false)
        case .duplicate(let id): return success(id: id, duplicateOf: id, isNew: false)
        case .conflict(let id, let label):
            let (known, wanted) = (
                label.map { "with the label '\($0)'" } ?? "of none of the labels",
                taught.sample.label.map { "give it the label '\($0.value)'" } ?? "make it an example of none"
            )
            return .failure(
                Problem(
                    .labelConflict,
                    detail: "the same image is sample \(id) \(known): add ?on_conflict=relabel to \(wanted)", id: id,
                    label: label))
        }
    }

    private func sayThatImagesHaveNoRoom() {
        guard !saidThatImagesHaveNoRoom else { return }
        saidThatImagesHaveNoRoom = true
        logger.warning(
            """
            kept images have reached keepLimit (\(configuration.keepLimit) bytes): further samples are taught without \
            their image, and another backbone will not know them; raise keepLimit, or set keep to thumbnail
            """)
    }

    // MARK: Another backbone

    /// Learns what the loaded backbone made of kept images: how many samples that brought, or nil if another backbone was
    /// loaded meanwhile, and nothing was done.
    func learn(_ extracted: [ExtractedSample], fingerprint: String) async throws(Problem) -> Int? {
        try await exclusively { () throws(Problem) in
            guard try loadedVision().backbone.fingerprint == fingerprint else { return nil }
            return try await storing {
                let (learned, lastChange) = try await store.relearn(
                    extracted, fingerprint: fingerprint, latentByteLimit: configuration.latentLimit)
                try await following {
                    for sample in learned {
                        try statistics.add(RootFeatures(values: sample.features), label: sample.label)
                        sketches.add(sample)
                    }
                    if let top = version.top {
                        for sample in try await show(to: top) {
                            try tuned?.add(RootFeatures(values: sample.features), label: sample.label)
                            tunedSketches.add(sample)
                        }
                    }
                    try await readKnown(fingerprint: fingerprint)
                }
                if lastChange != self.lastChange {
                    self.lastChange = lastChange
                    publish()
                    saveStatisticsIfDue()
                }
                return learned.count
            }
        }
    }

    // MARK: Relabelling and forgetting

    func relabel(_ id: String, as name: LabelName?) async throws(Problem) -> Changed {
        try await change { try await self.store.relabel(id, as: name) }
    }

    func forget(_ id: String) async throws(Problem) -> Changed {
        try await change { try await self.store.forget(id) }
    }

    func forget(label: String) async throws(Problem) -> Changed {
        try await change { try await self.store.forget(label: label) }
    }

    func rename(label: String, to name: LabelName, merge: Bool) async throws(Problem) -> Changed {
        try await change { try await self.store.rename(label: label, to: name, merge: merge) }
    }

    /// Makes a change durable, then follows it in the statistics.
    private func change(_ body: @Sendable () async throws -> ChangeOutcome) async throws(Problem) -> Changed {
        try await exclusively { () throws(Problem) in
            try await follow(try await storing { try await body() })
        }
    }

    /// Follows a durable change in the statistics, where no other change can come.
    func follow(_ outcome: ChangeOutcome) async throws(Problem) -> Changed {
        let fingerprint = live.current.vision?.backbone.fingerprint
        // Samples of another backbone take no part in these statistics.
        for sample in outcome.samples where sample.fingerprint == fingerprint {
            Self.follow(sample, features: sample.features, in: &statistics)
            if let features = sample.tuned, var tuned {
                self.tuned = nil
                Self.follow(sample, features: features, in: &tuned)
                self.tuned = tuned
            }
            sketches.move(sample.id, from: sample.from, to: sample.to)
            tunedSketches.move(sample.id, from: sample.from, to: sample.to)
        }
        try await following {
            if let fingerprint, !outcome.samples.isEmpty { try await readKnown(fingerprint: fingerprint) }
            try await readNames()
        }
        lastChange = outcome.lastChange
        publish()
        // With a sample that is forgotten its part in what was saved goes too.
        if outcome.samples.contains(where: { $0.to == nil }) { savedChange = nil }
        saveStatisticsIfDue()
        return Changed(
            samples: outcome.samples.count, model: reference, staleVersions: outcome.staleVersions.map { Int($0) })
    }

    private static func follow(
        _ sample: ChangedSample, features: [Int16], in statistics: inout LabelStatistics
    ) {
        let features = RootFeatures(values: features)
        if let label = sample.to {
            statistics.relabel(features, from: sample.from, to: label)
        } else {
            statistics.remove(features, label: sample.from)
        }
    }
}
