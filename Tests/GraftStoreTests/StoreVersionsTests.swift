import GraftStore
import Testing

@Suite struct StoreVersionsTests {
    @Test func publishingMakesTheVersionActive() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        #expect(try await store.activeVersion() == 0)
        let number = try await store.version(publish: false)
        #expect(try await store.activeVersion() == 0)
        #expect(try await store.version(number).state == .candidate)
        try await store.publish(number, reason: "better")
        #expect(try await store.activeVersion() == number)
        let version = try await store.version(number)
        #expect(version.state == .published && version.hasWeights && version.reason == "better" && version.seed == .max)
    }

    @Test func aRejectedVersionKeepsItsReasonAndNoWeights() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        let number = try await store.version(publish: false)
        try await store.reject(number, reason: "worse")
        let version = try await store.version(number)
        #expect(version.state == .rejected && !version.hasWeights && version.reason == "worse")
        #expect(try await store.activeVersion() == 0)
    }

    @Test func aVersionThatDoesNotExistIsAnError() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        await #expect(throws: StoreError.unknownVersion(9)) { try await store.version(9) }
        await #expect(throws: StoreError.unknownVersion(9)) { try await store.activate(9) }
    }

    @Test func aRejectedVersionCannotBeActivated() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        let number = try await store.version(publish: false)
        try await store.reject(number, reason: "worse")
        await #expect(throws: StoreError.self) { try await store.activate(number) }
    }

    @Test func oldWeightsGoButTheActiveAndTheNewestStay() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        for _ in 1...13 { _ = try await store.version() }
        try await store.activate(1)
        #expect(try await store.dropOldWeights(keep: 10) == [2, 3])
        #expect(try await store.dropOldWeights(keep: 10) == [])
        let kept = try await store.versions().filter(\.hasWeights).map(\.number)
        #expect(kept == [13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 1])
    }

    @Test func answersOfSamplesForgottenMeanwhileAreLeftOut() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        let id = try await store.taught("cat", 1)
        let number = try await store.version(knowing: [id, "forgotten"])
        #expect(try store.answers(of: number) == [id: VersionAnswer(sample: id, label: 1, probability: 0.5)])
    }
}
