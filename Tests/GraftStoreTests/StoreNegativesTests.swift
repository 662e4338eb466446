import Foundation
import GraftStore
import Testing

/// Examples of none of the labels are kept, and are no label's.
@Suite struct StoreNegativesTests {
    private func negative(_ number: Int, relabels: Bool = false) throws -> NewSample {
        var sample = try newSample(
            "cat", number, prediction: PriorAnswer(label: "cat", probability: 0.5, version: 0, revision: 0),
            relabels: relabels)
        sample.label = nil
        return sample
    }

    @Test func theyHaveNoLabelAndCountApart() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        _ = try await store.taught("cat", 1)
        let outcomes = try await store.teach([negative(2)]).outcomes
        guard case .stored(let id, Store.negative) = outcomes[0] else { throw Unexpected(outcome: outcomes[0]) }
        #expect(try await store.sample(id).label == nil)
        #expect(try await store.labels().map(\.name) == ["cat"])
        let counts = try await store.counts(fingerprint: fingerprint)
        #expect(counts.samples == 1 && counts.negatives == 1)
        // What no label would have been right for is neither right nor wrong.
        #expect(counts.prequentialAccuracy == nil)
        #expect(try await store.prequential(last: 10).isEmpty)
        #expect(try await store.samples(label: nil, negative: true, after: 0, limit: 9).map(\.id) == [id])
        #expect(try await store.samples(label: nil, after: 0, limit: 9).count == 2)
    }

    @Test func trainingSeesThemOnlyIfItAsks() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        // A whole batch of them does not end the reading.
        _ = try await store.teach([negative(1), negative(2), newSample("cat", 3)])
        func labels(_ negatives: Bool) throws -> [Int64] {
            var labels: [Int64] = []
            try store.forEachBatch(fingerprint: fingerprint, negatives: negatives, size: 2) { batch in
                labels += batch.map(\.label)
            }
            return labels
        }
        #expect(try labels(false) == [1])
        #expect(try labels(true) == [Store.negative, Store.negative, 1])
    }

    @Test func theyCanBeGivenALabelAndLoseIt() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        let outcomes = try await store.teach([negative(1)]).outcomes
        let id = try #require(outcomes[0].keptID)
        let relabelled = try await store.relabel(id, as: LabelName(checking: "cat"))
        #expect(relabelled.samples.first?.from == Store.negative && relabelled.samples.first?.to == 1)
        #expect(try await store.sample(id).label == "cat")
        #expect(try await store.relabel(id, as: nil).samples.first?.to == Store.negative)
        #expect(try await store.sample(id).label == nil)
        #expect(try await store.forget(id).samples.count == 1)
        #expect(try await store.counts(fingerprint: fingerprint).negatives == 0)
    }

    @Test func theSameBytesConflictWithALabel() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        let id = try await store.taught("cat", 1)
        #expect(try await store.teach([negative(1)]).outcomes == [.conflict(id: id, label: "cat")])
        let relabelled = try await store.teach([negative(1, relabels: true)]).outcomes[0]
        guard case .relabelled(id, 1, Store.negative, _, _) = relabelled else {
            Issue.record("it was not relabelled")
            return
        }
        #expect(try await store.teach([negative(1)]).outcomes == [.duplicate(id: id)])
        #expect(try await store.teach([newSample("cat", 1)]).outcomes == [.conflict(id: id, label: nil)])
    }
}

@Suite struct StoreNeighboursTests {
    @Test func aSampleSharesTheFoldOfItsGroupElseOfItsClusterElseIsAlone() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        let first = try newSample("cat", 1)
        var copy = try newSample("cat", 2)
        copy.cluster = first.foldName
        var grouped = try newSample("cat", 3, group: "burst")
        grouped.cluster = first.foldName
        _ = try await store.teach([first, copy, grouped])
        var names: [String] = []
        try store.forEachBatch(fingerprint: fingerprint) { names += $0.map(\.foldName) }
        #expect(names == [first.foldName, first.foldName, "burst"])
        #expect(first.foldName == digest(1).map { String(format: "%02x", $0) }.joined())
    }

    @Test func sketchesAreKeptAndMissingOnesComeWithFeatures() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        var sketched = try newSample("cat", 1)
        sketched.sketch = [1, 2, 3]
        sketched.cluster = "another's"
        _ = try await store.teach([
            sketched, newSample("dog", 2, features: [7, 8]), newSample("dog", 3, fingerprint: "b"),
        ])
        var found: [SketchedSample] = []
        try store.forEachSketch(fingerprint: fingerprint, size: 1) { found += $0 }
        #expect(found.map(\.sketch) == [[1, 2, 3], nil])
        #expect(found.map(\.features) == [nil, [7, 8]])
        #expect(found.map(\.label) == [1, 2])
        #expect(found.map(\.isNearDuplicate) == [true, false])
    }

    @Test func samplesAreDrawnByTheirDigest() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        var samples = try (1...20).map { try newSample("cat", $0) }
        samples[4].cluster = "another's"
        samples[5].label = nil
        _ = try await store.teach(samples)
        let drawn = try await store.drawnSamples(fingerprint: fingerprint, limit: 10)
        let candidates = samples.indices.filter { $0 != 4 && $0 != 5 }.map { samples[$0].digest }
        let expected = candidates.sorted { $0.lexicographicallyPrecedes($1) }.prefix(10)
        #expect(drawn.map(\.digest) == Array(expected))
        #expect(try await store.learnableSamples(drawn.prefix(2).map(\.id)).count == 2)
        #expect(try await store.learnableSamples([]).isEmpty)
    }
}

@Suite struct StoreReportTests {
    private func predicted(_ label: String, _ number: Int, as answer: String, _ probability: Float) throws -> NewSample
    {
        try newSample(
            label, number,
            prediction: PriorAnswer(label: answer, probability: probability, version: 0, revision: Int64(number)))
    }

    @Test func whatWasSaidBeforeLearningIsJudgedByTheLabelsOfNow() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        _ = try await store.teach([newSample("cat", 1), newSample("dog", 2), newSample("wolf", 3)])
        _ = try await store.teach([
            predicted("cat", 4, as: "cat", 0.5), predicted("cat", 5, as: "dog", 0.25),
            predicted("dog", 6, as: "wolf", 1),
        ])
        #expect(
            try await store.prequential(last: 2) == [
                JudgedSample(label: 1, answered: 2, probability: 0.25),
                JudgedSample(label: 2, answered: 3, probability: 1),
            ])
        _ = try await store.rename(label: "wolf", to: LabelName(checking: "dog"), merge: true)
        #expect(try await store.prequential(last: 10).map(\.answered) == [1, 2, 2])
    }

    @Test func whatAVersionSaidOutOfFoldLeavesOutWhatWasForgotten() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        let (first, second) = (try await store.taught("cat", 1), try await store.taught("dog", 2))
        let number = try await store.version(knowing: [first, second])
        #expect(
            try await store.judged(by: number) == [
                JudgedSample(label: 1, answered: 1, probability: 0.5),
                JudgedSample(label: 2, answered: 1, probability: 0.5),
            ])
        _ = try await store.forget(first)
        #expect(try await store.judged(by: number).map(\.label) == [2])
        #expect(try await store.judged(by: 99).isEmpty)
    }
}
