import GraftStore
import Testing

@Suite struct StoreStatisticsTests {
    private static let saved = SavedStatistics(change: 2, digest: [7], bytes: [1, 2, 3])

    @Test func whatWasSavedComesBackForItsBackboneAlone() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        #expect(try await store.savedStatistics(fingerprint: fingerprint) == nil)
        try await store.save(Self.saved, fingerprint: fingerprint)
        #expect(try await store.savedStatistics(fingerprint: fingerprint) == Self.saved)
        #expect(try await store.savedStatistics(fingerprint: "backbone-b") == nil)
        var later = Self.saved
        later.change = 5
        try await store.save(later, fingerprint: fingerprint)
        #expect(try await store.savedStatistics(fingerprint: fingerprint) == later)
    }

    @Test func laterSamplesAreThoseThatChangedSince() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        _ = try await store.taught("cat", 1)
        let second = try await store.taught("cat", 2)
        let third = try await store.taught("dog", 3)
        let change = try await store.lastChange()
        _ = try await store.taught("bird", 4)
        _ = try await store.taught("cat", 5, fingerprint: "backbone-b")
        // Twice: what counts is where it was.
        _ = try await store.relabel(second, as: LabelName(checking: "fox"))
        _ = try await store.relabel(second, as: LabelName(checking: "dog"))
        _ = try await store.rename(label: "dog", to: LabelName(checking: "wolf"), merge: false)
        _ = try await store.rename(label: "bird", to: LabelName(checking: "wolf"), merge: true)
        let ids = try await store.labels().reduce(into: [:]) { $0[$1.name] = $1.id }
        var found: [LaterSample] = []
        // A batch of one, so that the seams are tested too.
        try store.forEachLaterSample(fingerprint: fingerprint, after: change, size: 1) { found += $0 }
        #expect(
            found == [
                LaterSample(before: ids["cat"]!, label: ids["wolf"]!, features: [2, -1, .max, .min]),
                LaterSample(before: nil, label: ids["wolf"]!, features: [4, -1, .max, .min]),
            ])
        #expect(try store.sampleCount(fingerprint: fingerprint) == 4)
        _ = third
    }

    @Test func forgettingASampleForgetsTheSumsThatContainIt() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        let id = try await store.taught("cat", 1)
        _ = try await store.taught("cat", 2, fingerprint: "backbone-b")
        try await store.save(Self.saved, fingerprint: fingerprint)
        try await store.save(Self.saved, fingerprint: "backbone-b")
        _ = try await store.forget(id)
        #expect(try await store.savedStatistics(fingerprint: fingerprint) == nil)
        #expect(try await store.savedStatistics(fingerprint: "backbone-b") == Self.saved)
    }

    @Test func aSampleThatMovesToAnotherBackboneTakesTheSumsWithIt() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        _ = try await store.taught("cat", 1)
        let change = try await store.lastChange()
        try await store.save(Self.saved, fingerprint: fingerprint)
        try await store.save(Self.saved, fingerprint: "backbone-b")
        _ = try await store.teach([newSample("cat", 1, fingerprint: "backbone-b")])
        #expect(try await store.savedStatistics(fingerprint: fingerprint) == nil)
        #expect(try await store.savedStatistics(fingerprint: "backbone-b") == Self.saved)
        var found: [LaterSample] = []
        try store.forEachLaterSample(fingerprint: "backbone-b", after: change) { found += $0 }
        #expect(found.map(\.before) == [nil])
    }
}
