import Foundation
import GraftAPI
import GraftCheckpoint
import GraftLearning
import GraftService
import TestSupport
import Testing

/// A trainer that produces garbage costs a job, and nothing else.
@Suite struct TrainerGarbageTests {
    private func taught(trainer: String, _ log: RecordedLog) async throws -> RunningService {
        let running = try await RunningService(trainer: trainer, log: log)
        try await running.install(seed: 1, as: "lite")
        for seed in 0..<8 as Range<UInt64> {
            for kind in 0..<3 { try await running.teach(picture(kind, seed), "kind \(kind)") }
        }
        return running
    }

    private func check(_ running: RunningService, _ log: RecordedLog, _ job: TrainJob, says text: String) async throws {
        #expect(job.state == .failed && job.message.contains(text), "\(job.message)")
        #expect(log.messages.count { $0.contains("training failed") } == 1, "\(log.messages)")
        #expect(await running.service.status().model.version == 0)
        let versions = try await running.service.versions()
        #expect(versions.active == 0 && versions.versions.allSatisfy { $0.state == .rejected })
        let files = try FileManager.default.contentsOfDirectory(atPath: "\(running.configuration.state)/versions")
        #expect(files.isEmpty, "\(files)")
        _ = try await running.service.classify(picture(0, 99), top: 1)
    }

    @Test(arguments: [
        "echo '{\"finished\":{'", "echo no JSON at all", "head -c 100000 /dev/urandom",
        "echo '{\"progress\":{\"fraction\":1e308,\"message\":\"x\"}}'; echo '{\"progress\":{\"fraction\":-5,\"message\":\"\"}}'",
        "echo '{\"finished\":{}}'", "exit 3", "exec 1>&-; exit 0",
    ])
    func whatIsNoResultIsAFailedJob(script: String) async throws {
        let folder = try TemporaryFolder()
        let log = RecordedLog()
        let running = try await taught(
            trainer: try HeldTrainer.program("read -r line\n\(script)", in: folder), log)
        _ = try await running.service.train(TrainRequest(strategy: .head))
        try await check(running, log, try await ended(running), says: "no result")
        await running.service.stop()
    }

    /// What happens to the candidate's file between its digest and the service.
    private static let damages: [@Sendable (String) throws -> Void] = [
        { path in
            // Cut short.
            let bytes = try Data(contentsOf: URL(filePath: path))
            try bytes.prefix(bytes.count / 2).write(to: URL(filePath: path))
        },
        { path in try Data("garbage".utf8).write(to: URL(filePath: path)) },
        { path in try FileManager.default.removeItem(atPath: path) },
    ]

    @Test(arguments: damages.indices, [true, false])
    func aCandidateThatIsNotWhatWasAnnouncedIsRefused(damage: Int, digestFits: Bool) async throws {
        let log = RecordedLog()
        let held = try HeldTrainer()
        let running = try await taught(trainer: held.program, log)
        let job = try await held.train(
            running,
            afterwards: { path, result in
                try Self.damages[damage](path)
                if digestFits, FileManager.default.fileExists(atPath: path) {
                    result.digest = try MappedFile(path: path, byteLimit: 1 << 30).digest().description
                }
            })
        try await check(running, log, job, says: "candidate")
        await running.service.stop()
    }

    @Test func weightsThatAreNoNumbersAreRefused() async throws {
        let log = RecordedLog()
        let held = try HeldTrainer()
        let running = try await taught(trainer: held.program, log)
        let job = try await held.train(running) { _, head in head = head.altered { $0[3] = .nan } }
        try await check(running, log, job, says: "no finite number")
        await running.service.stop()
    }

    private func ended(_ running: RunningService) async throws -> TrainJob {
        while true {
            let job = try await running.service.trainingJob()
            if job.state != .running { return job }
            try await Task.sleep(for: .milliseconds(5))
        }
    }
}
