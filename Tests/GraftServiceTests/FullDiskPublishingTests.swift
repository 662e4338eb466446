import Foundation
import GraftAPI
import GraftService
import TestSupport
import Testing

/// The disk becomes full when a version has been trained and is to be published.
@Suite struct FullDiskPublishingTests {
    @Test func whatCannotBePublishedIsAFailedJobAndTheNextIsFine() async throws {
        guard let disk = try SmallDisk(bytes: 64 << 20) else { return }
        let log = RecordedLog()
        let held = try HeldTrainer()
        let running = try await RunningService(trainer: held.program, log: log) { $0.state = "\(disk.path)/state" }
        try await running.install(seed: 1, as: "lite")
        for seed in 0..<8 as Range<UInt64> {
            for kind in 0..<3 { try await running.teach(picture(kind, seed), "kind \(kind)") }
        }
        // Forgetting empties the write-ahead log, so that whatever comes next needs room for it.
        let extra = try await running.teach(picture(0, 77), "kind 0")
        _ = try await running.service.forget(extra.id)
        let before = try await running.service.classify(picture(1, 60), top: 3)

        let job = try await held.train(running, afterwards: { _, _ in try disk.fill() })
        #expect(job.state == .failed && job.message.contains("full"), "\(job.message)")
        #expect(log.messages.count { $0.contains("full") } == 1, "\(log.messages)")
        let after = try await running.service.classify(picture(1, 60), top: 3)
        #expect(after.top == before.top && after.model == before.model)

        disk.empty()
        #expect(try await held.train(running).state == .published)
        let answer = try await running.service.classify(picture(1, 60), top: 3)
        try await running.restart()
        #expect(try await running.service.classify(picture(1, 60), top: 3).top == answer.top)
        #expect(await running.service.examine().isHealthy)
        await running.service.stop()
    }
}
