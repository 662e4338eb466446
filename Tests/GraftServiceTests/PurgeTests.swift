import Foundation
import GraftAPI
import GraftService
import Testing

/// A sample that is purged, with a trainer whose versions are real.
@Suite(.serialized) struct PurgeTests {
    private static let labels = ["cat", "dog", "owl"]

    private func teach(_ running: RunningService, _ seeds: Range<UInt64>) async throws -> [String] {
        var ids: [String] = []
        for seed in seeds {
            for (kind, label) in Self.labels.enumerated() {
                ids.append(try await running.teach(picture(kind, seed), label, group: "\(label) \(seed)").id)
            }
        }
        return ids
    }

    private func weights(_ running: RunningService) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "\(running.configuration.state)/versions").sorted()
    }

    @Test func theVersionBeforeAnswersAndNothingThatLearnedTheSampleIsLeft() async throws {
        let trainer = try HeldTrainer()
        let running = try await RunningService(trainer: trainer.program)
        try await running.install(seed: 1, as: "random")
        let old = try await teach(running, 0..<8)
        #expect(try await trainer.train(running).state == .published)
        let first = try await running.service.classify(picture(0, 1_000), top: 3)
        let new = try await teach(running, 100..<101)
        #expect(try await trainer.train(running).state == .published)
        #expect(try weights(running) == ["1.safetensors", "2.safetensors"])
        let events = running.service.events.listen()

        // Only the second version has learned it.
        let changed = try await running.service.forget(new[0], purge: true)
        #expect(changed.samples == 1 && changed.purgedVersions == [2] && changed.staleVersions == [])
        #expect(changed.model.version == 1)
        #expect(try weights(running) == ["1.safetensors"])
        #expect(try await running.service.versions().versions.map(\.version) == [1])
        #expect(await running.service.status().shadow == nil)
        let gone = await #expect(throws: Problem.self) { try await running.service.activate(2) }
        #expect(gone?.kind == .unknownVersion)
        // As if it had never been taught.
        for id in new[1...] { _ = try await running.service.forget(id) }
        #expect(try await running.service.classify(picture(0, 1_000), top: 3).top == first.top)

        // Then there is none any more, and the analytic head answers; a restart finds the same.
        let last = try await running.service.forget(old[0], purge: true)
        #expect(last.purgedVersions == [1] && last.model.version == 0)
        let before = try await running.service.classify(picture(0, 1_000), top: 3)
        try await running.restart()
        let after = try await running.service.classify(picture(0, 1_000), top: 3)
        #expect(after.top == before.top && after.model == before.model)
        #expect(try weights(running) == [])
        await running.service.stop()
        var activated: [Int] = []
        for await event in events { if case .activated(let value) = event { activated.append(value.model.version) } }
        #expect(activated == [1, 0])
    }

    @Test func aJobThatRunsMeanwhileEndsWithoutAVersionAndSaysWhy() async throws {
        let trainer = try HeldTrainer()
        let running = try await RunningService(trainer: trainer.program)
        try await running.install(seed: 1, as: "random")
        let ids = try await teach(running, 0..<8)
        _ = try await running.service.train(TrainRequest(strategy: .head))
        let changed = try await running.service.forget(ids[0], purge: true)
        #expect(changed.purgedVersions == [])
        let job = try await trainer.finish(running)
        #expect(job.state == .failed && job.message.contains("purged") && job.message.contains("train again"))
        #expect(try await running.service.versions().versions.isEmpty)
        #expect(try weights(running) == [])
        #expect(try await trainer.train(running).state == .published)
        await running.service.stop()
    }

    @Test func whatAKillLeftOfADeletedVersionGoesWithTheNextStart() async throws {
        let trainer = try HeldTrainer()
        let running = try await RunningService(trainer: trainer.program)
        try await running.install(seed: 1, as: "random")
        let ids = try await teach(running, 0..<8)
        #expect(try await trainer.train(running).state == .published)
        let (file, unknown) = ("\(running.configuration.state)/versions/1.safetensors", "2.safetensors")
        let bytes = try Data(contentsOf: URL(filePath: file))
        _ = try await running.service.forget(ids[0], purge: true)
        await running.service.stop()
        // As if it had been killed before the file was removed; and one that no version ever had.
        try bytes.write(to: URL(filePath: file))
        try bytes.write(to: URL(filePath: "\(running.configuration.state)/versions/\(unknown)"))
        try await running.restart()
        #expect(try weights(running) == [unknown])
        await running.service.stop()
    }
}
