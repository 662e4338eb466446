import Foundation
import GraftAPI
import GraftLearning
import GraftService
import TestSupport
import Testing

/// Candidates that are worse, as good and better, from a trainer to the answers of a running service.
@Suite(.serialized) struct GateInServiceTests {
    private static let labels = ["cat", "dog", "owl"]

    /// A service that has published version 1.
    private func service(_ trainer: HeldTrainer) async throws -> RunningService {
        let running = try await RunningService(trainer: trainer.program)
        try await running.install(seed: 1, as: "random")
        try await teach(running, 0..<8)
        let job = try await trainer.train(running)
        #expect(job.state == .published && job.version == 1, "\(job.message)")
        return running
    }

    private func teach(_ running: RunningService, _ seeds: Range<UInt64>) async throws {
        for seed in seeds {
            for (kind, label) in Self.labels.enumerated() {
                // To the untrained network the pictures of a kind are alike, and those of one group count once.
                try await running.teach(picture(kind, seed), label, group: "\(label) \(seed)")
            }
        }
    }

    @Test func aSabotagedCandidateIsKeptBackWithItsReasonAndWhatItMeasured() async throws {
        let trainer = try HeldTrainer()
        let running = try await service(trainer)
        let job = try await trainer.train(running) { result, head in
            head = head.sabotaged
            // As if everything had been right before, and nothing were now.
            let truth = result.outOfFold.map(\.label)
            result.verdict = Gate().judge(truth: truth, incumbent: truth, candidate: truth.map { $0 % 3 + 1 })
        }
        #expect(job.state == .rejected && job.version == 2)
        #expect(job.message.hasPrefix("kept back: balanced accuracy 0.0 % instead of 100.0 %"))
        let rejected = try await running.service.version(2)
        #expect(rejected.state == .rejected && !rejected.active && rejected.reason == job.message)
        #expect(rejected.quality?.samples == 24)
        #expect(rejected.perLabel?.map(\.label) == Self.labels)
        #expect(try await running.service.versions().active == 1)
        await #expect(throws: Problem.self) { try await running.service.activate(2) }
        await running.service.stop()
    }

    @Test func whatTheGateLetThroughWrongfullyIsRolledBackInUse() async throws {
        let trainer = try HeldTrainer()
        let running = try await service(trainer)
        let events = running.service.events.listen()
        #expect(try await trainer.train(running) { $1 = $1.sabotaged }.state == .published)
        #expect(await running.service.status().shadow == ShadowRecord(version: 1, samples: 0, needed: 30))

        // 27 samples, and a restart among them, say nothing yet, however bad they are.
        try await teach(running, 100..<105)
        try await running.restart()
        try await teach(running, 105..<109)
        let before = await running.service.status()
        #expect(before.model.version == 2 && before.shadow?.samples == 27)
        #expect(before.prequentialAccuracy ?? 1 < 0.9)

        try await teach(running, 109..<110)
        let after = await running.service.status()
        #expect(after.model.version == 1 && after.shadow == nil)
        let record = try await running.service.version(2)
        #expect(record.state == .rolledBack)
        #expect(record.reason.hasPrefix("rolled back: of 30 newly taught samples it had"))
        try await running.restart()
        #expect(await running.service.status().model.version == 1)
        // The stream of the first run has ended; what is asked here is that a restart told nobody anything.
        for await event in events { if case .rolledBack = event { Issue.record("rolled back before the restart") } }
        // A setback, so the next training by itself waits; and by hand it can answer again.
        #expect(try await running.service.activate(2).model.version == 2)
        await running.service.stop()
    }

    @Test func aLabelThatSharesItsPicturesWithANewOneHasNotFallen() async throws {
        let trainer = try HeldTrainer()
        let running = try await service(trainer)
        // Learned out of fold when there were three labels, cats were nearly all found; no version can tell them from these.
        try await teach(running, 8..<24)
        for seed: UInt64 in 400..<424 { try await running.teach(picture(0, seed), "lion", group: "lion \(seed)") }
        var verdict: Gate.Verdict?
        _ = try await trainer.train(running) { result, _ in verdict = result.verdict }
        let found = try #require(verdict)
        #expect(found.labels == 4 && found.samples == 96)
        #expect(found.falls.isEmpty, "\(found.reason)")
        // Both lose about half of two labels of four.
        #expect(found.incumbentBalancedAccuracy < 0.9 && found.candidateBalancedAccuracy < 0.9)
        await running.service.stop()
    }

    @Test func anEqualOneWithNoiseStays() async throws {
        let trainer = try HeldTrainer()
        let running = try await service(trainer)
        var generator = SeededGenerator(seed: 1)
        let job = try await trainer.train(running) { _, head in
            head = head.altered { weights in
                for i in weights.indices { weights[i] *= Float.random(in: 0.999...1.001, using: &generator) }
            }
        }
        #expect(job.state == .published)
        let events = running.service.events.listen()
        try await teach(running, 200..<220)
        let status = await running.service.status()
        #expect(status.model.version == 2 && status.shadow?.samples == 60)
        await running.service.stop()
        for await event in events { if case .rolledBack = event { Issue.record("rolled back") } }
    }

    @Test func aRollBackIsAnEventOfItsOwn() async throws {
        let trainer = try HeldTrainer()
        let running = try await service(trainer)
        _ = try await trainer.train(running) { $1 = $1.sabotaged }
        let events = running.service.events.listen()
        try await teach(running, 300..<312)
        await running.service.stop()
        var seen: [RolledBack] = []
        for await event in events { if case .rolledBack(let rolledBack) = event { seen.append(rolledBack) } }
        #expect(seen.map(\.previous) == [2] && seen.first?.model.version == 1)
    }
}
