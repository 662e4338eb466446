import Foundation
import Glibc
import GraftAPI
import GraftClient
import TestSupport
import Testing

extension DaemonTests.Faults {
    @Suite struct FullDiskTests {
        private static let byHand = "trainAutomatically: off\n"

        @Test func teachingOnAFullDiskLosesNothingAndGoesOnWhenThereIsSpace() async throws {
            guard let disk = try SmallDisk(bytes: 64 << 20) else { return }
            try await RunningDaemon.with(configuration: Self.byHand, in: disk.path) { daemon in
                var acknowledged: [String: String] = [:]
                for seed in 0..<20 {
                    let kind = TestImages.kinds[seed % 5]
                    acknowledged[try await daemon.teach(kind, seed: UInt64(seed)).id] = kind
                }
                try disk.fill()
                var refused = 0
                for seed in 20..<400 where refused < 5 {
                    let kind = TestImages.kinds[seed % 5]
                    do {
                        acknowledged[try await daemon.teach(kind, seed: UInt64(seed)).id] = kind
                    } catch let error as ClientError {
                        #expect(error.problemKind == .storeFull, "\(error)")
                        refused += 1
                    }
                }
                #expect(refused == 5, "the disk was full")
                #expect(daemon.logLines("is full").count == 1, "\(daemon.logText)")
                // It goes on answering, and knows what it acknowledged.
                let probe = TestImages.ppm(kind: "rings", seed: 900)
                let answer = try await daemon.client.classify(probe, mediaType: .ppm, top: 5)
                #expect(answer.top.count == 5)
                #expect(try await daemon.client.status().samples == acknowledged.count)

                disk.empty()
                acknowledged[try await daemon.teach("blobs", seed: 901).id] = "blobs"
                #expect(daemon.logLines("works again").count == 1)
                let before = try await daemon.client.classify(probe, mediaType: .ppm, top: 5)
                daemon.kill()
                try await daemon.start()
                #expect(try await daemon.samples() == acknowledged.mapValues { $0 })
                let after = try await daemon.client.classify(probe, mediaType: .ppm, top: 5)
                #expect(after.top == before.top && after.model == before.model)
                #expect(try await daemon.client.examination().problems("database").isEmpty)
            }
        }

        @Test func trainingOnAFullDiskFailsAndSucceedsWhenThereIsSpace() async throws {
            guard let disk = try SmallDisk(bytes: 64 << 20) else { return }
            try await RunningDaemon.with(configuration: Self.byHand, in: disk.path) { daemon in
                try await daemon.teach(perKind: 8)
                let (job, trainer) = try await daemon.trainStopped()
                try disk.fill()
                Glibc.kill(trainer, SIGCONT)
                let ended = try await daemon.client.waitForTraining(job.id)
                #expect(ended.state == .failed)
                #expect(ended.message.contains("No space left"), "\(ended.message)")
                #expect(daemon.logLines("training failed").count == 1)
                #expect(daemon.logLines("No space left").count == 1)
                #expect(try await daemon.client.versions().active == 0)
                disk.empty()
                #expect(try await daemon.trainHead().state == .published)
                #expect(daemon.stop() == 0)
                #expect(try daemon.doctor().isHealthy)
            }
        }

        @Test func aBackboneThatDoesNotFitIsRefusedAndTheOldOneAnswers() async throws {
            guard let disk = try SmallDisk(bytes: 64 << 20) else { return }
            try await RunningDaemon.with(configuration: Self.byHand, in: disk.path) { daemon in
                try await daemon.teach(perKind: 1)
                try disk.fill()
                let run = try ProgramRun(
                    Programs.graftctl,
                    [
                        "backbone", "import", try #require(Programs.weights), "--arch", "efficientnet_lite0", "--name",
                        "other", "--socket", daemon.socket,
                    ])
                #expect(run.status != 0)
                #expect(run.errors.contains("full"), "\(run.errors)")
                #expect(daemon.logLines("is full").count == 1, "\(daemon.logText)")
                _ = try await daemon.client.classify(TestImages.ppm(kind: "rings", seed: 1), mediaType: .ppm)
                #expect(try await daemon.client.backbones().map(\.name) == ["efficientnet_lite0"])
            }
        }

        @Test func aReadOnlyStateIsRefusedWithTheReasonAndFineWhenWritable() async throws {
            guard let disk = try SmallDisk(bytes: 64 << 20) else { return }
            try await RunningDaemon.with(configuration: Self.byHand, in: disk.path) { daemon in
                let taught = try await daemon.teach("rings", seed: 1)
                #expect(daemon.stop() == 0)
                try #require(disk.makeReadOnly())
                let run = try ProgramRun(Programs.graftd, ["--socket", daemon.socket, "--state", daemon.state])
                #expect(run.status == 1)
                #expect(run.errors.contains("Read-only file system"), "\(run.errors)")
                #expect(run.errors.split(separator: "\n").count == 1, "\(run.errors)")
                #expect(try !daemon.doctor().problems("folder").isEmpty)
                try #require(disk.makeWritable())
                try await daemon.start()
                #expect(try await daemon.samples() == [taught.id: "rings"])
            }
        }
    }
}
