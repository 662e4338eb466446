import Testing

import GraftStore

@Suite struct StoreLabelsTests {
    @Test func renamingKeepsTheIdAndChangesNoSample() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        _ = try await store.taught("cat", 1)
        let before = try await store.labels()
        let outcome = try await store.rename(label: "cat", to: LabelName(checking: "tomcat"), merge: false)
        #expect(outcome.samples == [] && outcome.lastChange == 1)
        #expect(try await store.labels() == [StoredLabel(id: before[0].id, name: "tomcat", samples: 1)])
    }

    @Test func aTakenNameIsAnErrorUnlessTheTwoAreToBeMerged() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        _ = try await store.teach([newSample("cat", 1), newSample("cat", 2), newSample("dog", 3)])
        let dog = try LabelName(checking: "dog")
        await #expect(throws: StoreError.labelExists("dog")) {
            try await store.rename(label: "cat", to: dog, merge: false)
        }
        let ids = Dictionary(uniqueKeysWithValues: try await store.labels().map { ($0.name, $0.id) })
        let (catID, dogID) = (try #require(ids["cat"]), try #require(ids["dog"]))
        let outcome = try await store.rename(label: "cat", to: dog, merge: true)
        #expect(outcome.samples.map(\.from) == [catID, catID] && outcome.samples.map(\.to) == [dogID, dogID])
        #expect(outcome.lastChange == 5)
        #expect(try await store.countsByLabel() == ["dog": 3])
    }

    @Test func mergersFollowOneAnother() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        _ = try await store.teach([newSample("a", 1), newSample("b", 2), newSample("c", 3)])
        _ = try await store.rename(label: "a", to: LabelName(checking: "b"), merge: true)
        let outcome = try await store.rename(label: "b", to: LabelName(checking: "c"), merge: true)
        #expect(outcome.samples.count == 2 && outcome.lastChange == 6)
        #expect(try await store.countsByLabel() == ["c": 3])
    }

    @Test func aForgottenLabelTakesItsSamplesAndItsIdWithIt() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        _ = try await store.teach([newSample("cat", 1), newSample("cat", 2), newSample("dog", 3)])
        let cat = try await store.labels()[0]
        let outcome = try await store.forget(label: "cat")
        #expect(outcome.samples.map(\.features) == [[1, -1, .max, .min], [2, -1, .max, .min]])
        #expect(try await store.countsByLabel() == ["dog": 1])
        _ = try await store.taught("cat", 1)
        #expect(try await store.labels()[0].id != cat.id)
    }
}
