import GRDB
import GraftStore
import Testing

@Suite struct StorePurgeTests {
    /// Two samples, and three versions: 1 learned the second one, 2 the first, 3 both.
    private func filled(_ state: TemporaryState) async throws -> (Store, first: String, second: String) {
        let store = try state.open()
        let (first, second) = (try await store.taught("cat", 1), try await store.taught("dog", 2))
        for known in [[second], [first], [first, second]] { _ = try await store.version(knowing: known, snapshot: 2) }
        return (store, first, second)
    }

    @Test func whatWasTrainedOnTheSampleIsDeletedWithIt() async throws {
        let state = try TemporaryState()
        let (store, first, second) = try await filled(state)
        #expect(try await store.versions(trainedOn: first) == [2, 3])
        _ = try await store.keep([TunedSample(id: second, features: [1])], of: 3)
        let (outcome, purged) = try await store.purge(first)
        #expect(purged == [2, 3] && outcome.samples.map(\.id) == [first] && outcome.staleVersions.isEmpty)
        #expect(try await store.versions().map(\.number) == [1])
        #expect(try await store.version(1).stale == false)
        #expect(try store.answers(of: 1).keys.sorted() == [second])
        await #expect(throws: StoreError.unknownSample(first)) { try await store.sample(first) }
        // Neither answers any more, nor is asked.
        #expect(try await store.activeVersion() == 0)
        #expect(try await store.shadowVersion() == nil)
        #expect(try await store.removedVersions(among: [1, 2, 3, 4]) == [2, 3])
        // A number is not given again.
        #expect(try await store.version(publish: false) == 4)
    }

    @Test func whatAnswersAndHasNotLearnedItGoesOn() async throws {
        let state = try TemporaryState()
        let (store, first, _) = try await filled(state)
        try await store.activate(1)
        #expect(try await store.shadowVersion() == 3)
        _ = try await store.purge(first)
        #expect(try await store.activeVersion() == 1)
        #expect(try await store.shadowVersion() == nil)
    }

    @Test func versionsThatCameFromADeletedOneComeFromTheOneBeforeIt() async throws {
        let state = try TemporaryState()
        let (store, first, _) = try await filled(state)
        try await store.write { db in
            try db.execute(sql: "UPDATE versions SET parent = 1 WHERE number = 2")
            try db.execute(
                sql:
                    "INSERT INTO versions SELECT 9, 2, state, fingerprint, snapshot, strategy, seed, reason, facts, digest, has_weights, 0, created FROM versions WHERE number = 2"
            )
        }
        _ = try await store.purge(first)
        #expect(try await store.version(9).parent == 1)
    }

    @Test func aJobThatHasReadTheSampleKeepsNothing() async throws {
        let state = try TemporaryState()
        let (store, first, _) = try await filled(state)
        let candidate = try await store.version(knowing: [first], snapshot: 2, publish: false)
        _ = try await store.purge(first)
        // One that was being put in place, and one that comes to its end.
        await #expect(throws: StoreError.purgedMeanwhile) { try await store.publish(candidate, reason: "better") }
        await #expect(throws: StoreError.purgedMeanwhile) { try await store.version(snapshot: 2, publish: false) }
        // One that began afterwards.
        let last = try await store.lastChange()
        #expect(try await !store.version(store.version(snapshot: last, publish: false)).stale)
    }

    @Test func aJobThatHasReadWhatIsForgottenMeanwhileMakesAStaleVersion() async throws {
        let state = try TemporaryState()
        let (store, first, second) = try await filled(state)
        // Taught after the job began, so it has not read it.
        let late = try await store.taught("owl", 3)
        _ = try await store.forget(late)
        #expect(try await !store.version(store.version(knowing: [second], snapshot: 2, publish: false)).stale)
        _ = try await store.forget(first)
        #expect(try await store.version(store.version(knowing: [second], snapshot: 2, publish: false)).stale)
    }

    @Test func theJobThatMadeADeletedVersionIsNoSetback() async throws {
        let state = try TemporaryState()
        let (store, first, _) = try await filled(state)
        try await store.beginJob(id: "job", request: "{}")
        try await store.endJob(id: "job", state: "published", error: nil, version: 3)
        _ = try await store.purge(first)
        #expect(try await store.trainingNews(fingerprint: fingerprint).setbacks == 0)
        #expect(try await store.lastJob()?.state == "published")
    }
}
