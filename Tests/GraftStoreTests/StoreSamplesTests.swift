import Testing

import GraftStore

@Suite struct StoreSamplesTests {
    @Test func pagesFollowOneAnotherWithoutGapsOrRepeats() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        _ = try await store.teach((0..<10).map { try newSample($0 % 2 == 0 ? "even" : "odd", $0) })
        var seen: [StoredSample] = []
        while true {
            let page = try await store.samples(label: "odd", after: seen.last?.sequence ?? 0, limit: 2)
            if page.isEmpty { break }
            seen += page
        }
        #expect(seen.map(\.digest) == [1, 3, 5, 7, 9].map(digest))
    }

    @Test func unknownNamesAreErrorsThatNameThem() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        let dog = try LabelName(checking: "dog")
        await #expect(throws: StoreError.unknownSample("x")) { try await store.sample("x") }
        await #expect(throws: StoreError.unknownSample("x")) { try await store.forget("x") }
        await #expect(throws: StoreError.unknownSample("x")) { try await store.relabel("x", as: dog) }
        await #expect(throws: StoreError.unknownLabel("x")) {
            try await store.samples(label: "x", after: 0, limit: 1)
        }
        await #expect(throws: StoreError.unknownLabel("x")) { try await store.forget(label: "x") }
        // What failed has left nothing behind.
        #expect(try await store.labels() == [])
    }

    @Test func relabellingCarriesWhatStatisticsNeed() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        let id = try await store.taught("cat", 1)
        let dog = try LabelName(checking: "dog")
        let outcome = try await store.relabel(id, as: dog)
        let ids = Dictionary(uniqueKeysWithValues: try await store.labels().map { ($0.name, $0.id) })
        let from = try #require(ids["cat"])
        #expect(
            outcome.samples == [
                ChangedSample(
                    id: id, from: from, to: ids["dog"], fingerprint: fingerprint, features: [1, -1, .max, .min])
            ])
        #expect(outcome.lastChange == 2)
        let again = try await store.relabel(id, as: dog)
        #expect(again.samples == [] && again.lastChange == 2)
    }

    @Test func forgettingRemovesTheSampleAndNamesTheVersionsThatKnewIt() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        let id = try await store.taught("cat", 1)
        let other = try await store.taught("cat", 2)
        let version = try await store.version(knowing: [id, other])
        let outcome = try await store.forget(id)
        #expect(outcome.staleVersions == [version] && outcome.samples[0].features == [1, -1, .max, .min])
        #expect(try await store.version(version).stale)
        #expect(try store.answers(of: version).keys.sorted() == [other])
        #expect(try await store.countsByLabel() == ["cat": 1])
    }

    @Test(arguments: [1, 3, 4, 512])
    func batchesOfAnySizeGiveEverySampleOfTheBackboneUpToTheSnapshot(size: Int) async throws {
        let state = try TemporaryState()
        let store = try state.open()
        for number in 0..<10 {
            _ = try await store.taught("cat", number, fingerprint: number == 4 ? "backbone-b" : fingerprint)
        }
        var found: [LearnableSample] = []
        try store.forEachBatch(fingerprint: fingerprint, upTo: 8, size: size) { found += $0 }
        #expect(found.map(\.sequence) == [1, 2, 3, 4, 6, 7, 8])
    }
}
