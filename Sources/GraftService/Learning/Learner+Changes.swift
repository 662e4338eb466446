import GraftAPI
import GraftLearning
import GraftStore

/// How each kind of change gets from the disk into the statistics.
extension Learner {
    /// Stores a batch, learns what is new in it, and solves once. One outcome for each.
    func learn(_ batch: [PendingTeaching]) async -> [Result<TeachingOutcome, Problem>] {
        let stored: (outcomes: [TeachOutcome], lastChange: Int64, imagesWithoutRoom: Int)
        do {
            let fingerprint = try loadedVision().backbone.fingerprint
            guard batch.allSatisfy({ $0.sample.fingerprint == fingerprint }) else {
                throw Problem(.busy, detail: "another backbone was loaded meanwhile: send the image again")
            }
            stored = try await storing {
                try await store.teach(batch.map(\.sample), imageByteLimit: configuration.keepLimit)
            }
            if stored.imagesWithoutRoom > 0 { sayThatImagesHaveNoRoom() }
            // Names first: a label that is learned can be answered, and then it needs its name.
            try await readNames()
            try learn(batch, stored.outcomes)
        } catch let problem as Problem {
            return batch.map { _ in .failure(problem) }
        } catch {
            return batch.map { _ in .failure(Problem(.internal, detail: "\(error)")) }
        }
        if stored.lastChange != lastChange {
            lastChange = stored.lastChange
            publish()
            saveStatisticsIfDue()
        }
        return zip(batch, stored.outcomes).map { answer($0, $1) }
    }

    private func learn(_ batch: [PendingTeaching], _ outcomes: [TeachOutcome]) throws {
        for (taught, outcome) in zip(batch, outcomes) {
            switch outcome {
            case .stored(_, let label):
                try statistics.add(taught.features, label: label)
            case .relabelled(_, let from, let to, let features):
                statistics.relabel(RootFeatures(values: features), from: from, to: to)
            case .duplicate, .conflict:
                break
            }
        }
    }

    private func answer(_ taught: PendingTeaching, _ outcome: TeachOutcome) -> Result<TeachingOutcome, Problem> {
        func success(id: String, duplicateOf: String?, isNew: Bool) -> Result<TeachingOutcome, Problem> {
            .success(
                TeachingOutcome(
                    taught: Taught(
                        id: id, label: taught.sample.label.value, duplicateOf: duplicateOf, predicted: taught.predicted,
                        model: reference), isNew: isNew))
        }
        switch outcome {
        case .stored(let id, _): return success(id: id, duplicateOf: nil, isNew: true)
        case .relabelled(let id, _, _, _): return success(id: id, duplicateOf: id, isNew: false)
        case .duplicate(let id): return success(id: id, duplicateOf: id, isNew: false)
        case .conflict(let id, let label):
            return .failure(
                Problem(
                    .labelConflict,
                    detail:
                        "the same image is sample \(id) with the label '\(label)': add ?on_conflict=relabel to give it "
                        + "the label '\(taught.sample.label.value)'", id: id, label: label))
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
                let (learned, lastChange) = try await store.relearn(extracted, fingerprint: fingerprint)
                for sample in learned {
                    try statistics.add(RootFeatures(values: sample.features), label: sample.label)
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

    func relabel(_ id: String, as name: LabelName) async throws(Problem) -> Changed {
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
            let outcome = try await storing { try await body() }
            let fingerprint = live.current.vision?.backbone.fingerprint
            // Samples of another backbone take no part in these statistics.
            for sample in outcome.samples where sample.fingerprint == fingerprint {
                let features = RootFeatures(values: sample.features)
                if let label = sample.to {
                    statistics.relabel(features, from: sample.from, to: label)
                } else {
                    statistics.remove(features, label: sample.from)
                }
            }
            try await readNames()
            lastChange = outcome.lastChange
            publish()
            // With a sample that is forgotten its part in what was saved goes too.
            if outcome.samples.contains(where: { $0.to == nil }) { savedChange = nil }
            saveStatisticsIfDue()
            return Changed(
                samples: outcome.samples.count, model: reference, staleVersions: outcome.staleVersions.map { Int($0) })
        }
    }
}
