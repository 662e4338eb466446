import GRDB
import Testing

import GraftStore

@Suite struct StoreTeachingTests {
    @Test func newBytesAreStoredWithTheirFeaturesAndGroup() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        let (outcomes, last, _) = try await store.teach([
            newSample("cat", 1, group: "burst", features: [.min, 0, .max])
        ])
        guard case .stored(let id, let label) = outcomes[0] else { throw Unexpected(outcome: outcomes[0]) }
        #expect(last == 1)
        let sample = try await store.sample(id)
        #expect(sample.label == "cat" && sample.group == "burst" && sample.digest == digest(1) && sample.sequence == 1)
        var found: [LearnableSample] = []
        try store.forEachBatch(fingerprint: fingerprint) { found += $0 }
        #expect(
            found == [
                LearnableSample(
                    sequence: 1, id: id, label: label, group: "burst", digest: digest(1), features: [.min, 0, .max])
            ])
    }

    @Test func theSameBytesAndLabelAreTheFirstSampleAndNoChange() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        let id = try await store.taught("cat", 1)
        let again = try await store.teach([newSample("cat", 1)])
        #expect(again.outcomes == [.duplicate(id: id)] && again.lastChange == 1)
    }

    @Test func theSameBytesUnderAnotherLabelAreAConflict() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        let id = try await store.taught("cat", 1)
        let other = try await store.teach([newSample("dog", 1)])
        #expect(other.outcomes == [.conflict(id: id, label: "cat")] && other.lastChange == 1)
        #expect(try await store.sample(id).label == "cat")
    }

    @Test func aRefusedSampleMakesNoLabel() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        _ = try await store.taught("cat", 1)
        _ = try await store.teach([newSample("dog", 1)])
        let counts = try await store.countsByLabel()
        #expect(counts == ["cat": 1])
    }

    @Test func theSameBytesGetAnotherLabelWhereThatIsAskedFor() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        let id = try await store.taught("cat", 1)
        let other = try await store.teach([newSample("dog", 1, relabels: true)])
        guard case .relabelled(let same, let from, let to, let features, nil) = other.outcomes[0] else {
            throw Unexpected(outcome: other.outcomes[0])
        }
        #expect(same == id && from != to && features == [1, -1, .max, .min] && other.lastChange == 2)
        #expect(try await store.countsByLabel() == ["cat": 0, "dog": 1])
    }

    @Test func oneBatchSeesItsOwnDuplicatesAndConflicts() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        let (outcomes, last, _) = try await store.teach([newSample("cat", 1), newSample("cat", 1), newSample("dog", 1)])
        guard case .stored(let id, _) = outcomes[0] else { throw Unexpected(outcome: outcomes[0]) }
        #expect(outcomes.dropFirst() == [.duplicate(id: id), .conflict(id: id, label: "cat")] && last == 1)
    }

    @Test func bytesOfAnotherBackboneKeepTheirIdAndGetTheNewFeatures() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        let id = try await store.taught("cat", 1)
        let other = try await store.teach([newSample("cat", 1, fingerprint: "backbone-b", features: [7])])
        guard case .stored(let same, _) = other.outcomes[0] else { throw Unexpected(outcome: other.outcomes[0]) }
        #expect(same == id && other.lastChange == 2)
        let counts = try await store.counts(fingerprint: "backbone-b")
        #expect(counts.samples == 1 && counts.otherSamples == 0)
        // Its place among samples is that of its first teaching.
        #expect(try await store.sample(id).sequence == 1)
    }

    @Test func bytesOfAnotherBackboneUnderAnotherLabelMakeItsVersionsStale() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        let id = try await store.taught("cat", 1)
        let version = try await store.version(knowing: [id])
        let refused = try await store.teach([newSample("dog", 1, fingerprint: "backbone-b")])
        #expect(refused.outcomes == [.conflict(id: id, label: "cat")])
        _ = try await store.teach([newSample("dog", 1, fingerprint: "backbone-b", relabels: true)])
        #expect(try await store.sample(id).label == "dog")
        #expect(try await store.version(version).stale)
    }

    @Test func aBatchOf64IsWholeAndInOrder() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        let (outcomes, last, _) = try await store.teach((0..<64).map { try newSample("label \($0 % 5)", $0) })
        #expect(outcomes.count == 64 && last == 64)
        let page = try await store.samples(label: nil, after: 0, limit: 100)
        #expect(page.map(\.digest) == (0..<64).map(digest) && page.map(\.sequence) == Array(1...64))
    }

    @Test func sequencesAreNeverUsedAgain() async throws {
        let state = try TemporaryState()
        do {
            let store = try state.open()
            _ = try await store.forget(try await store.taught("cat", 1))
            #expect(try await store.lastChange() == 2)
            try store.close()
        }
        let store = try state.open()
        _ = try await store.taught("cat", 1)
        #expect(try await store.lastChange() == 3)
    }

    @Test func prequentialAccuracyIsTheFractionThatWasRight() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        #expect(try await store.counts(fingerprint: fingerprint).prequentialAccuracy == nil)
        let said = PriorAnswer(label: "cat", probability: 0.75, version: 0, revision: 1)
        _ = try await store.teach([
            newSample("cat", 1), newSample("cat", 2, prediction: said), newSample("dog", 3, prediction: said),
        ])
        #expect(try await store.counts(fingerprint: fingerprint).prequentialAccuracy == 0.5)
        let sample = try await store.samples(label: "dog", after: 0, limit: 1)[0]
        #expect(sample.predicted?.label == "cat" && sample.predicted?.probability == 0.75)
    }

    @Test(arguments: [Store.lastPredicted, Store.lastAccuracy])
    func theLastPredictionsAreFoundWithoutReadingSamples(query: String) async throws {
        let state = try TemporaryState()
        let store = try state.open()
        let plan = try await store.read { db in
            try Row.fetchAll(db, sql: "EXPLAIN QUERY PLAN \(query)", arguments: [1_000]).map { $0["detail"] as String }
        }
        #expect(plan.contains { $0.hasSuffix("samples USING COVERING INDEX predicted_samples") }, "\(plan)")
        #expect(!plan.contains { $0.contains("TEMP B-TREE") }, "\(plan)")
    }
}
