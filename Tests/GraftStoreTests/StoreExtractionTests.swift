import GRDB
import Testing

import GraftStore

@Suite struct StoreExtractionTests {
    private let image = KeptImage(mediaType: "image/png", bytes: [1, 2, 3])

    /// Teaches under the backbone `fingerprint` (a), with an image unless told otherwise, and returns the ids.
    private func taught(_ store: Store, _ samples: [(label: String, number: Int)], kept: Bool = true) async throws
        -> [String]
    {
        let new = try samples.map { try newSample($0.label, $0.number, image: kept ? image : nil) }
        return try await store.teach(new).outcomes.map {
            guard case .stored(let id, _) = $0 else { throw Unexpected(outcome: $0) }
            return id
        }
    }

    private func features(_ store: Store, _ fingerprint: String, upTo change: Int64 = .max) throws -> [String: [Int16]]
    {
        var found: [String: [Int16]] = [:]
        try store.forEachBatch(fingerprint: fingerprint, upTo: change) { batch in
            for sample in batch { found[sample.id] = sample.features }
        }
        return found
    }

    @Test func everyLabelsFirstImageComesBeforeAnyLabelsSecond() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        let ids = try await taught(store, [("cat", 1), ("cat", 2), ("cat", 3), ("dog", 4), ("dog", 5)])
        _ = try await taught(store, [("dog", 6)], kept: false)
        #expect(try await store.samplesToExtract(fingerprint: "b") == [0, 3, 1, 4, 2].map { ids[$0] })
        #expect(try await store.samplesToExtract(fingerprint: fingerprint) == [])
    }

    @Test func relearnedSamplesAreOfTheNewBackboneAloneAndKeepTheirPlace() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        let ids = try await taught(store, [("cat", 1), ("dog", 2), ("dog", 3)])
        let before = try await store.samples(label: nil, after: 0, limit: 10)
        let (learned, last) = try await store.relearn(
            [ExtractedSample(id: ids[0], features: [7]), ExtractedSample(id: ids[1], features: [8])], fingerprint: "b")
        #expect(learned.map(\.features) == [[7], [8]] && last == 5)
        #expect(try features(store, "b") == [ids[0]: [7], ids[1]: [8]])
        #expect(try features(store, fingerprint).keys.sorted() == [ids[2]])
        #expect(try await store.samplesToExtract(fingerprint: "b") == [ids[2]])
        #expect(try await store.samples(label: nil, after: 0, limit: 10) == before)
        #expect(try await store.counts(fingerprint: "b").relearned == 2)
    }

    @Test func aSnapshotFromBeforeDoesNotHaveThem() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        let ids = try await taught(store, [("cat", 1), ("cat", 2)])
        _ = try await store.relearn([ExtractedSample(id: ids[0], features: [7])], fingerprint: "b")
        let snapshot = try await store.lastChange()
        _ = try await store.relearn([ExtractedSample(id: ids[1], features: [8])], fingerprint: "b")
        #expect(try features(store, "b", upTo: snapshot) == [ids[0]: [7]])
        #expect(try features(store, "b").count == 2)
    }

    @Test func whatHappenedMeanwhileCounts() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        let ids = try await taught(store, [("cat", 1), ("cat", 2), ("cat", 3)])
        _ = try await store.forget(ids[0])
        _ = try await store.relabel(ids[1], as: LabelName(checking: "dog"))
        _ = try await store.teach([newSample("cat", 3, fingerprint: "b", features: [9])])
        let (learned, _) = try await store.relearn(
            ids.map { ExtractedSample(id: $0, features: [7]) }, fingerprint: "b")
        let dog = try #require(try await store.labels().first { $0.name == "dog" })
        #expect(learned == [RelearnedSample(id: ids[1], label: dog.id, isNearDuplicate: false, features: [7])])
        #expect(try features(store, "b") == [ids[1]: [7], ids[2]: [9]])
        #expect(try await store.imageToExtract(ids[0], fingerprint: "b") == nil)
        #expect(try await store.imageToExtract(ids[2], fingerprint: "b") == nil)
    }

    @Test func anUnreadableImageIsNotedOnceAndTriedAgainOnlyWhenTaughtAgain() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        let ids = try await taught(store, [("cat", 1)])
        let (learned, last) = try await store.relearn([ExtractedSample(id: ids[0], features: nil)], fingerprint: "b")
        #expect(learned.isEmpty && last == 1)
        #expect(try await store.samplesToExtract(fingerprint: "b") == [])
        #expect(try await store.samplesToExtract(fingerprint: "c") == [])
        #expect(
            try await store.counts(fingerprint: "b").others
                == [OtherBackboneCounts(fingerprint: fingerprint, name: nil, samples: 1, waiting: 0, unreadable: 1)])
        _ = try await store.teach([newSample("cat", 1, image: image)])
        #expect(try await store.samplesToExtract(fingerprint: "b") == ids)
        #expect(try await store.counts(fingerprint: nil).images.images == 1)
    }

    @Test func countsOfOtherBackbonesAreByTheirNames() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        try await store.load(fingerprint: fingerprint, name: "first")
        _ = try await taught(store, [("cat", 1)])
        _ = try await taught(store, [("cat", 2), ("cat", 3)], kept: false)
        _ = try await store.taught("cat", 4, fingerprint: "b")
        _ = try await store.taught("cat", 5, fingerprint: "c")
        #expect(
            try await store.counts(fingerprint: "b").others == [
                OtherBackboneCounts(fingerprint: fingerprint, name: "first", samples: 3, waiting: 1, unreadable: 0),
                OtherBackboneCounts(fingerprint: "c", name: nil, samples: 1, waiting: 0, unreadable: 0),
            ])
        #expect(try await store.samplesByBackbone() == [fingerprint: 3, "b": 1, "c": 1])
    }

    @Test func onlyAnotherBackboneIsAChange() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        try await store.load(fingerprint: "a", name: "x")
        #expect(try await store.lastChange() == 0)
        try await store.load(fingerprint: "a", name: "y")
        #expect(try await store.lastChange() == 0)
        try await store.load(fingerprint: "b", name: "y")
        #expect(try await store.lastChange() == 1)
        try await store.load(fingerprint: "a", name: "x")
        #expect(try await store.lastChange() == 2)
    }

    @Test func versionsStillKnowWhatTheyLearnedOfARelearnedSample() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        let ids = try await taught(store, [("cat", 1), ("cat", 2)])
        let version = try await store.version(knowing: ids)
        _ = try await store.relearn([ExtractedSample(id: ids[0], features: [7])], fingerprint: "b")
        _ = try await store.teach([newSample("cat", 2, fingerprint: "b", features: [8])])
        #expect(try await !store.version(version).stale)
        for id in ids { #expect(try await store.forget(id).staleVersions == [version]) }
        #expect(try await store.version(version).stale)
    }
}
