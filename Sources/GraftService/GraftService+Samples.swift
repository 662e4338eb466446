import GraftAPI
import GraftStore

/// What has been taught, and undoing it.
extension GraftService {
    package func samples(
        label: String?, negative: Bool = false, after: Int, limit: Int
    ) async throws(Problem) -> SamplePage {
        // One more than asked for tells whether another page follows.
        let found = try await storing {
            try await store.samples(label: label, negative: negative, after: Int64(after), limit: limit + 1)
        }
        let page = found.prefix(limit)
        return SamplePage(
            samples: page.map(SampleRecord.init), next: found.count > limit ? page.last.map { "\($0.sequence)" } : nil)
    }

    package func sample(_ id: String) async throws(Problem) -> SampleRecord {
        SampleRecord(try await storing { try await store.sample(id) })
    }

    /// Gives the sample another label; nil makes it an example of none of them.
    package func relabel(_ id: String, as label: String?) async throws(Problem) -> Changed {
        var name: LabelName?
        if let label { name = try Self.name(label) }
        return try await learner.relabel(id, as: name)
    }

    /// Forgets the sample.
    ///
    /// - Parameter purge: Whether the versions that were trained on it are deleted too, rather than marked.
    package func forget(_ id: String, purge: Bool = false) async throws(Problem) -> Changed {
        try await purge ? learner.purge(id) : learner.forget(id)
    }

    /// Every label, with its quality as the active version's training measured it.
    package func labels() async throws(Problem) -> LabelList {
        let stored = try await storing { try await store.labels() }
        let active = live.current.reference.version
        let facts = active == 0 ? nil : try? await storing { try await store.version(Int64(active)) }.measured
        let quality = Dictionary(uniqueKeysWithValues: (facts?.labels ?? []).map { ($0.label, $0) })
        let predicted = try await storing { try await store.prequential(last: Store.prequentialWindow) }
        let lately = Dictionary(grouping: predicted, by: \.label)
        return LabelList(
            labels: stored.map { label in
                LabelSummary(
                    label: label.name, samples: label.samples, recall: quality[label.id]?.recall,
                    precision: quality[label.id]?.precision,
                    prequentialRecall: lately[label.id].map { samples in
                        Double(samples.count { $0.answered == $0.label }) / Double(samples.count)
                    })
            })
    }

    package func rename(label: String, to name: String, merge: Bool) async throws(Problem) -> Changed {
        try await learner.rename(label: label, to: Self.name(name), merge: merge)
    }

    package func forget(label: String) async throws(Problem) -> Changed { try await learner.forget(label: label) }

    static func name(_ text: String) throws(Problem) -> LabelName {
        do {
            return try LabelName(checking: text)
        } catch {
            throw Problem(error)
        }
    }
}

extension SampleRecord {
    init(_ sample: StoredSample) {
        self.init(
            id: sample.id, label: sample.label, group: sample.group,
            digest: sample.digest.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined(),
            created: sample.created,
            predicted: sample.predicted.map { LabelProbability(label: $0.label, probability: $0.probability) })
    }
}
