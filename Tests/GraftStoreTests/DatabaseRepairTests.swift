import Foundation
import GRDB
import GraftStore
import TestSupport
import Testing

@Suite struct DatabaseRepairTests {
    /// A closed state with `count` samples of five labels, each with a latent and a version that knows some.
    private func state(_ count: Int) async throws -> (TemporaryState, ids: [String]) {
        let state = try TemporaryState()
        let store = try state.open()
        var ids: [String] = []
        for start in stride(from: 0, to: count, by: 50) {
            let samples = try (start..<min(start + 50, count)).map { number in
                try newSample(
                    "label \(number % 5)", number, group: "group \(number)",
                    features: (0..<100).map { Int16(truncatingIfNeeded: $0 * number) },
                    latent: KeptLatent(
                        cut: "b", format: "int8", height: 1, width: 1, channels: 8, bytes: [UInt8](0..<8)))
            }
            ids += try await store.teach(samples).outcomes.compactMap(\.keptID)
        }
        _ = try await store.version(knowing: Array(ids.prefix(20)), snapshot: 5)
        try store.close()
        return (state, ids)
    }

    /// Overwrites the middle leaf of `name`, a table or an index.
    private func damage(_ name: String, in state: TemporaryState) throws {
        let database = try DatabaseQueue(path: state.database)
        let root = try database.writeWithoutTransaction { db in
            try db.checkpoint(.truncate)
            return try Int.fetchOne(db, sql: "SELECT rootpage FROM sqlite_master WHERE name = ?", arguments: [name])
        }
        try database.close()
        let pages = try DatabasePages(path: state.database)
        try pages.zero(pages.middleLeaf(under: try #require(root)))
    }

    private func repair(_ state: TemporaryState) throws -> DatabaseRepair.Outcome {
        try DatabaseRepair(folder: state.path).repair()
    }

    @Test func aWholeDatabaseHasNothingWrong() async throws {
        let (state, _) = try await state(60)
        let found = DatabaseExamination(folder: state.path)
        #expect(found.failure == nil && found.damage.isEmpty && found.wrongCounts.isEmpty && !found.isOlderSchema)
        #expect(found.misshapenSamples == 0 && found.samples == [fingerprint: 60] && found.activeVersion == 1)
    }

    @Test(arguments: ["samples_by_label", "changes_by_sample"])
    func aDamagedIndexIsMadeAgainAndEveryRowIsThere(index: String) async throws {
        let (state, ids) = try await state(400)
        try damage(index, in: state)
        #expect(!DatabaseExamination(folder: state.path).damage.isEmpty)
        #expect(try repair(state) == .reindexed)
        let store = try state.open()
        #expect(try await store.samples(label: nil, after: 0, limit: 1_000).map(\.id) == ids)
        #expect(DatabaseExamination(folder: state.path).damage.isEmpty)
    }

    @Test func aDamagedPageOfSamplesCostsThoseInItAlone() async throws {
        let (state, ids) = try await state(400)
        try damage("samples", in: state)
        guard case .salvaged(let report) = try repair(state) else {
            Issue.record("expected a salvage")
            return
        }
        // A row takes about 400 bytes of a page's 4,096.
        #expect((1...16).contains(ids.count - report.samples), "\(report.samples) of \(ids.count) are left")
        #expect(report.lostSamples == ids.count - report.samples)
        #expect(FileManager.default.fileExists(atPath: report.keptAside))
        let store = try state.open()
        let left = try await store.samples(label: nil, after: 0, limit: 1_000)
        #expect(left.count == report.samples)
        #expect(left.map(\.id) == ids.filter(Set(left.map(\.id)).contains), "the order is the same")
        for sample in left { #expect(sample.label == "label \(ids.firstIndex(of: sample.id)! % 5)") }
        // The last change keeps its number, and what it belongs to its latent.
        #expect(try await store.lastChange() == 400)
        #expect(try await store.activeVersion() == 1)
        #expect(try await store.counts(fingerprint: fingerprint).latents.latents == report.samples)
        let found = DatabaseExamination(folder: state.path)
        #expect(found.damage.isEmpty && found.wrongCounts.isEmpty && found.misshapenSamples == 0)
        _ = try await store.taught("label 1", 5_000)
    }

    @Test func labelsWithoutNamesGetNewOnesAndKeepTheirSamples() async throws {
        let (state, ids) = try await state(100)
        try damage("labels", in: state)
        guard case .salvaged(let report) = try repair(state) else {
            Issue.record("expected a salvage")
            return
        }
        #expect(report.samples == 100 && report.renamedLabels.count == 5)
        let store = try state.open()
        let counts = try await store.countsByLabel()
        #expect(counts.count == 5 && counts.values.allSatisfy { $0 == 20 }, "\(counts)")
        #expect(try await store.samples(label: nil, after: 0, limit: 1_000).map(\.id) == ids)
    }

    @Test func changesThatAreLostAreNotedAgainForTheSamplesThatAreThere() async throws {
        let (state, ids) = try await state(400)
        try damage("changes", in: state)
        guard case .salvaged(let report) = try repair(state) else {
            Issue.record("expected a salvage")
            return
        }
        #expect(report.samples == ids.count)
        #expect(try await state.open().lastChange() == 400)
    }

    @Test func whatIsNoDatabaseIsNotReplaced() async throws {
        let (state, _) = try await state(10)
        try Data("no database at all".utf8 + [UInt8](repeating: 7, count: 9_000)).write(
            to: URL(filePath: state.database))
        let before = try Data(contentsOf: URL(filePath: state.database))
        #expect(throws: StoreError.self) { try repair(state) }
        #expect(try Data(contentsOf: URL(filePath: state.database)) == before)
    }

    @Test func aStateInUseIsNotRepaired() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        #expect(throws: StoreError.alreadyOpen(folder: state.path, pid: "\(getpid())")) { try repair(state) }
        withExtendedLifetime(store) {}
    }

    @Test func lostWeightsLetTheNearestVersionBeforeAnswer() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        func version(after parent: Int64) async throws -> Int64 {
            let number = try await store.insert(
                NewVersion(
                    parent: parent, fingerprint: fingerprint, snapshot: 0, strategy: "head", seed: 1, facts: "{}",
                    digest: "00", answers: []))
            try await store.publish(number, reason: "better")
            return number
        }
        for parent in 0..<3 as Range<Int64> { #expect(try await version(after: parent) == parent + 1) }
        #expect(try await store.noteLostWeights(of: 2) == 3, "it did not answer")
        #expect(try await store.noteLostWeights(of: 3) == 1, "the one between has no weights either")
        #expect(try await store.activeVersion() == 1)
        #expect(try await store.noteLostWeights(of: 1) == 0)
        #expect(try await store.shadowVersion() == nil)
    }

    @Test func countsThatDoNotFitAreCountedAgain() async throws {
        let (state, _) = try await state(30)
        let store = try state.open()
        try await store.write { try $0.execute(sql: "UPDATE settings SET value = 7 WHERE key = 'latent_bytes'") }
        let wrong = try #require(DatabaseExamination(folder: state.path).wrongCounts.first)
        #expect(wrong.name == "latent_bytes" && wrong.noted == 7 && wrong.found == 240)
        try await store.correctCounts()
        #expect(DatabaseExamination(folder: state.path).wrongCounts.isEmpty)
    }
}
