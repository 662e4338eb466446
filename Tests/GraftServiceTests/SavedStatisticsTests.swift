import GraftAPI
import GraftService
import GraftStore
import Testing

/// A start that resumes what was saved answers, bit for bit, as one that learns everything anew.
@Suite(.serialized) struct SavedStatisticsTests {
    private func answers(_ running: RunningService) async throws -> [[LabelProbability]] {
        var answers: [[LabelProbability]] = []
        for kind in 0..<4 { answers.append(try await running.service.classify(picture(kind, 99), top: 5).top) }
        return answers
    }

    private func saved(_ store: Store, _ fingerprint: String) async throws -> SavedStatistics {
        try #require(try await store.savedStatistics(fingerprint: fingerprint))
    }

    @Test func aStaleSaveIsFollowedByWhatCameLater() async throws {
        let running = try await RunningService()
        try await running.install(seed: 1, as: "a")
        let fingerprint = try #require(await running.service.status().backbone?.fingerprint)
        var taught: [Taught] = []
        for seed in 0..<4 as Range<UInt64> {
            for kind in 0..<3 { taught.append(try await running.teach(picture(kind, seed), "label \(kind)")) }
        }
        var old: SavedStatistics?
        try await running.restart(meanwhile: { old = try await saved($0, fingerprint) })
        #expect(old?.change == 12)

        try await running.teach(picture(3, 1), "new")
        _ = try await running.service.relabel(taught[0].id, as: "label 1")
        _ = try await running.service.relabel(taught[1].id, as: "new")
        let before = try await answers(running)
        // As after a kill: what a stop has saved gives way to the older save.
        try await running.restart(meanwhile: { store in
            #expect(try await saved(store, fingerprint).change == 15)
            try await store.save(old!, fingerprint: fingerprint)
        })
        #expect(try await answers(running) == before)

        // What is damaged is learned anew; and a stop saves what it comes to.
        var whole: SavedStatistics?
        try await running.restart(meanwhile: { store in
            whole = try await saved(store, fingerprint)
            var damaged = whole!
            damaged.bytes[damaged.bytes.count / 2] ^= 1
            try await store.save(damaged, fingerprint: fingerprint)
        })
        #expect(try await answers(running) == before)
        try await running.restart(meanwhile: { store in
            let again = try await saved(store, fingerprint)
            #expect(again == whole)
        })
        #expect(try await answers(running) == before)

        // One that belongs to other samples is told by their number.
        try await running.restart(meanwhile: { store in
            var other = old!
            other.change = 15
            try await store.save(other, fingerprint: fingerprint)
        })
        #expect(try await answers(running) == before)
        await running.service.stop()
    }

    @Test func whatIsForgottenIsNotSaved() async throws {
        let running = try await RunningService()
        try await running.install(seed: 1, as: "a")
        let fingerprint = try #require(await running.service.status().backbone?.fingerprint)
        for kind in 0..<2 {
            for seed in 0..<3 as Range<UInt64> { try await running.teach(picture(kind, seed), "l\(kind)") }
        }
        let before = try await answers(running)
        let extra = try await running.teach(picture(2, 7), "l1")
        try await running.restart()
        _ = try await running.service.forget(extra.id)
        #expect(try await answers(running) == before)
        var change: Int64?
        try await running.restart(meanwhile: { change = try await saved($0, fingerprint).change })
        #expect(change == 8)
        #expect(try await answers(running) == before)
        await running.service.stop()
    }
}
