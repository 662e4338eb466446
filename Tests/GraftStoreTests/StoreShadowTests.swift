import GRDB
import GraftStore
import Testing

@Suite struct StoreShadowTests {
    /// Teaches a sample that both versions were asked about.
    private func teach(
        _ store: Store, _ number: Int, _ label: String = "cat", group: String? = nil, by version: Int64,
        shadow: Int64
    ) async throws -> String {
        let prediction = PriorAnswer(
            label: "cat", probability: 0.5, version: version, revision: 0,
            shadow: ShadowAnswer(version: shadow, label: "dog"))
        let outcome = try await store.teach([
            newSample(label, number, group: group, prediction: prediction)
        ]).outcomes[0]
        guard case .stored(let id, _) = outcome else { throw Unexpected(outcome: outcome) }
        return id
    }

    @Test func aSwapMakesWhatAnsweredBeforeTheShadow() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        #expect(try await store.shadowVersion() == nil)
        let first = try await store.version()
        #expect(try await store.shadowVersion() == 0, "the analytic head answered before")
        let second = try await store.version()
        #expect(try await store.shadowVersion() == first)
        try await store.activate(second)
        #expect(try await store.shadowVersion() == first, "what answers already swaps nothing")
        try await store.activate(0)
        #expect(try await store.shadowVersion() == second)
        try await store.endShadow()
        #expect(try await store.shadowVersion() == nil)
    }

    @Test func bothAnswersAreKeptOfTheVersionsThatAnswerNowAndOfOneSampleOfAGroup() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        _ = try await store.taught("cat", 1)
        _ = try await store.taught("dog", 2)
        let (first, second) = (try await store.version(), try await store.version())
        let cat = try await teach(store, 3, by: second, shadow: first)
        let dog = try await teach(store, 4, "dog", group: "burst", by: second, shadow: first)
        _ = try await teach(store, 5, "dog", group: "burst", by: second, shadow: first)
        // Asked before the last swap.
        _ = try await teach(store, 6, by: first, shadow: 0)
        #expect(
            try await store.shadowedSamples() == [
                ShadowedSample(label: 1, live: 1, shadow: 2), ShadowedSample(label: 2, live: 1, shadow: 2),
            ])
        // The truth is the label of now, and what is forgotten takes no part.
        _ = try await store.relabel(dog, as: LabelName(checking: "cat"))
        _ = try await store.forget(cat)
        #expect(try await store.shadowedSamples() == [ShadowedSample(label: 1, live: 1, shadow: 2)])
        try store.close()
        #expect(try await state.open().shadowedSamples().count == 1)
    }

    @Test func rollingBackMarksTheVersionAndAsksNobodyAnyMore() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        _ = try await store.taught("cat", 1)
        _ = try await store.taught("dog", 2)
        let (first, second) = (try await store.version(), try await store.version())
        _ = try await teach(store, 3, by: second, shadow: first)
        try await store.rollBack(second, to: first, reason: "rolled back: worse")
        #expect(try await store.activeVersion() == first)
        #expect(try await store.shadowVersion() == nil)
        #expect(try await store.shadowedSamples().isEmpty)
        let version = try await store.version(second)
        #expect(version.state == .rolledBack && version.reason == "rolled back: worse" && version.hasWeights)
        try await store.activate(second)
        #expect(try await store.activeVersion() == second)
    }

    @Test func theShadowKeepsItsWeights() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        let first = try await store.version()
        _ = try await store.version()
        try await store.activate(first)
        _ = try await store.version()
        _ = try await store.version()
        try await store.activate(first)
        // Of versions 1 to 4, 1 answers, 4 is its shadow, and one more is kept.
        #expect(try await store.dropOldWeights(keep: 1) == [2, 3])
        try await store.activate(4)
        try await store.activate(1)
        #expect(try await store.dropOldWeights(keep: 0).isEmpty)
    }

    @Test func rejectedVersionsLoseTheirAnswersAndTheOldestGo() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        let sample = try await store.taught("cat", 1)
        let published = try await store.version(knowing: [sample])
        for _ in 0..<Store.recordLimit + 5 {
            let number = try await store.version(knowing: [sample], publish: false)
            try await store.reject(number, reason: "kept back")
        }
        let versions = try await store.versions()
        #expect(versions.count { $0.state == .rejected } == Store.recordLimit)
        #expect(versions.last?.number == published)
        #expect(try store.answers(of: versions[0].number).isEmpty)
        #expect(try store.answers(of: published).count == 1)
    }
}

@Suite struct StoreJobsTests {
    private func job(_ store: Store, _ id: String, _ state: String, version: Int64? = nil) async throws {
        try await store.beginJob(id: id, request: "{}")
        try await store.endJob(id: id, state: state, error: state == "failed" ? "broken" : nil, version: version)
    }

    @Test func theLastJobIsRememberedWithWhatCameOfIt() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        #expect(try await store.lastJob() == nil)
        try await job(store, "a", "published", version: try await store.version())
        #expect(try await store.lastJob()?.message == "better")
        try await job(store, "b", "failed")
        #expect(try await store.lastJob()?.message == "broken")
        try await store.beginJob(id: "c", request: "{}")
        try store.close()
        let last = try await state.open().lastJob()
        #expect(last?.id == "c" && last?.state == "failed" && last?.finished != nil)
    }

    @Test func newsAreCountedFromTheSnapshotOfTheLastVersionOfTheBackbone() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        let first = try await store.taught("cat", 1)
        _ = try await store.taught("cat", 2, fingerprint: "backbone-b")
        #expect(try await store.trainingNews(fingerprint: fingerprint).newSamples == 1)
        _ = try await store.version(snapshot: try await store.lastChange())
        #expect(try await store.trainingNews(fingerprint: fingerprint).newSamples == 0)
        #expect(try await store.trainingNews(fingerprint: "backbone-b").newSamples == 1)
        let second = try await store.taught("dog", 3)
        _ = try await store.relabel(first, as: LabelName(checking: "dog"))
        _ = try await store.forget(second)
        let news = try await store.trainingNews(fingerprint: fingerprint)
        #expect(news.newSamples == 0 && news.corrections == 2)
        let rejected = try await store.version(snapshot: try await store.lastChange(), publish: false)
        try await store.reject(rejected, reason: "kept back")
        #expect(try await store.trainingNews(fingerprint: fingerprint).corrections == 0, "once is enough")
    }

    @Test func setbacksAreTheJobsInARowThatCameToNothing() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        func setbacks() async throws -> Int { try await store.trainingNews(fingerprint: fingerprint).setbacks }
        let first = try await store.version()
        try await job(store, "a", "failed")
        try await job(store, "b", "published", version: first)
        #expect(try await setbacks() == 0)
        try await job(store, "c", "rejected")
        try await job(store, "d", "cancelled")
        try await job(store, "e", "failed")
        #expect(try await setbacks() == 2, "a job that was cancelled says nothing")
        let second = try await store.version()
        try await job(store, "f", "published", version: second)
        #expect(try await setbacks() == 0)
        try await store.rollBack(second, to: first, reason: "worse")
        #expect(try await setbacks() == 3)
    }
}
