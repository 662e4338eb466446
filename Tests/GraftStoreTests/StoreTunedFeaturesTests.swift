import Testing

import GraftStore

/// What a version's own top made of samples is there as long as the sample is what the top saw.
@Suite struct StoreTunedFeaturesTests {
    private func kept(_ store: Store, _ version: Int64) throws -> [RelearnedSample] {
        var found: [RelearnedSample] = []
        // Smaller than what is kept, so that batches follow each other.
        try store.forEachTunedBatch(version: version, size: 2) { found += $0 }
        return found.sorted { $0.features.lexicographicallyPrecedes($1.features) }
    }

    @Test func featuresComeWithTheSampleOrLaterAndOnlyOnce() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        let version = try await store.version()
        let ids = [try await store.taught("cat", 1), try await store.taught("dog", 2)]
        var copy = try newSample("dog", 3, tuned: .init(version: version, features: [30]))
        copy.cluster = "another's"
        let taught = try await store.teach([copy])
        guard case .stored(let last, let dog) = taught.outcomes[0] else {
            throw Unexpected(outcome: taught.outcomes[0])
        }
        let added = try await store.keep(
            [
                TunedSample(id: ids[0], features: [10]), TunedSample(id: ids[1], features: [20]),
                TunedSample(id: last, features: [31]), TunedSample(id: "gone", features: [40]),
            ], of: version)
        #expect(added.map(\.features) == [[10], [20]])
        #expect(try kept(store, version).map(\.features) == [[10], [20], [30]])
        #expect(try kept(store, version).map(\.label) == [1, dog, dog])
        #expect(try kept(store, version).map(\.isNearDuplicate) == [false, false, true])
        #expect(try kept(store, version + 1).isEmpty)
    }

    @Test func changesCarryThemAndForgottenSamplesLoseThem() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        let version = try await store.version()
        let ids = [try await store.taught("cat", 1), try await store.taught("cat", 2)]
        _ = try await store.keep(
            [TunedSample(id: ids[0], features: [10]), TunedSample(id: ids[1], features: [20])], of: version)
        let relabelled = try await store.relabel(ids[0], as: try LabelName(checking: "dog"))
        #expect(relabelled.samples.map(\.tuned) == [[10]])
        #expect(try kept(store, version).map(\.label) == [2, 1])
        let again = try await store.teach([newSample("bird", 1, relabels: true)])
        guard case .relabelled(_, 2, 3, _, tuned: [10]) = again.outcomes[0] else {
            throw Unexpected(outcome: again.outcomes[0])
        }
        #expect(try await store.forget(ids[0]).samples.map(\.tuned) == [[10]])
        #expect(try kept(store, version).map(\.features) == [[20]])
        // Version 0 answers by the features that the backbone gives.
        try await store.activate(0)
        #expect(try await store.relabel(ids[1], as: try LabelName(checking: "dog")).samples.map(\.tuned) == [nil])
    }

    @Test func anotherBackbonesSamplesHaveNone() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        let version = try await store.version()
        let id = try await store.taught("cat", 1)
        let other = try await store.taught("cat", 2, fingerprint: "b")
        let added = try await store.keep(
            [TunedSample(id: id, features: [1]), TunedSample(id: other, features: [2])], of: version)
        #expect(added.map(\.features) == [[1]])
        _ = try await store.relearn([ExtractedSample(id: id, features: [7])], fingerprint: "b")
        #expect(try kept(store, version).isEmpty)
    }

    @Test func onlyTheVersionsThatMayAnswerKeepTheirs() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        let (old, new) = (try await store.version(), try await store.version())
        let id = try await store.taught("cat", 1)
        for version in [old, new] { _ = try await store.keep([TunedSample(id: id, features: [1])], of: version) }
        try await store.dropTunedFeatures(except: [new])
        #expect(try kept(store, old).isEmpty)
        #expect(try kept(store, new).count == 1)
    }
}
