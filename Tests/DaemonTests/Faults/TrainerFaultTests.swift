import Foundation
import Glibc
import GraftAPI
import GraftClient
import TestSupport
import Testing

extension DaemonTests.Faults {
    @Suite struct TrainerFaultTests {
        private static let byHand = "trainAutomatically: off\n"

        /// The service has noticed no more than a failed job: it answers by what it had, and the next job succeeds.
        private func checkAfterwards(_ daemon: RunningDaemon) async throws {
            #expect(daemon.logLines("training failed").count == 1, "\(daemon.logText)")
            #expect(try await daemon.client.versions().active == 0)
            _ = try await daemon.client.classify(TestImages.ppm(kind: "rings", seed: 900), mediaType: .ppm)
            #expect(try await daemon.trainHead(seed: 2).state == .published)
            #expect(daemon.children().isEmpty)
            let files = try FileManager.default.contentsOfDirectory(atPath: "\(daemon.state)/versions")
            #expect(files == ["1.safetensors"])
        }

        @Test func aKilledTrainerIsAFailedJob() async throws {
            try await RunningDaemon.with(configuration: Self.byHand) { daemon in
                try await daemon.teach(perKind: 8)
                let (job, trainer) = try await daemon.trainStopped()
                Glibc.kill(trainer, SIGKILL)
                let ended = try await daemon.client.waitForTraining(job.id)
                #expect(ended.state == .failed && ended.message.contains("signal 9"), "\(ended.message)")
                try await checkAfterwards(daemon)
            }
        }

        @Test func aTrainerWithoutMemoryIsAFailedJob() async throws {
            try await RunningDaemon.with(configuration: Self.byHand) { daemon in
                try await daemon.teach(perKind: 8)
                let (job, trainer) = try await daemon.trainStopped()
                // No page more than it has: the next allocation fails.
                try limit(trainer, "as=1048576")
                Glibc.kill(trainer, SIGCONT)
                let ended = try await daemon.client.waitForTraining(job.id)
                #expect(ended.state == .failed, "\(ended.message)")
                try await checkAfterwards(daemon)
            }
        }

        @Test func aTrainerThatTheKernelKillsForItsMemoryIsAFailedJobThatSaysSo() async throws {
            guard let group = MemoryGroup() else { return }
            // The service and its trainer in one group, as in a unit with MemoryMax=.
            try await RunningDaemon.with(configuration: Self.byHand, group: group) { daemon in
                try await daemon.teach(perKind: 8)
                let (job, trainer) = try await daemon.trainStopped { trainer in
                    // From when on it is the one that the kernel takes.
                    (try? String(contentsOfFile: "/proc/\(trainer)/oom_score_adj", encoding: .utf8)) == "1000\n"
                }
                // A job this small takes 60 MB; the service takes less than these to answer.
                try #require(group.limit(group.usage + (8 << 20)))
                Glibc.kill(trainer, SIGCONT)
                let ended = try await daemon.client.waitForTraining(job.id)
                #expect(ended.state == .failed)
                #expect(ended.message.contains("memory ran out"), "\(ended.message)")
                #expect(ended.message.contains("MemoryMax="))
                #expect(daemon.logLines("memory ran out").count == 1)
                try #require(group.limit(4 << 30))
                try await checkAfterwards(daemon)
            }
        }

        @Test func aStoppedTrainerIsCancelled() async throws {
            try await RunningDaemon.with(configuration: Self.byHand) { daemon in
                try await daemon.teach(perKind: 8)
                _ = try await daemon.trainStopped()
                let before = ContinuousClock.now
                #expect(try await daemon.client.cancelTraining().state == .cancelled)
                #expect(ContinuousClock.now - before < .seconds(20), "it does not wait for what is stopped")
                #expect(try await daemon.trainHead(seed: 2).state == .published)
            }
        }

        @Test func aStoppedTrainerDoesNotKeepTheDaemonFromStopping() async throws {
            try await RunningDaemon.with(configuration: Self.byHand) { daemon in
                try await daemon.teach(perKind: 8)
                _ = try await daemon.trainStopped()
                #expect(daemon.stop() == 0)
                try await daemon.start()
                #expect(try await daemon.client.trainJob()?.state == .cancelled)
            }
        }

        @Test func aTrainerThatSaysNothingIsEnded() async throws {
            try await RunningDaemon.with(configuration: Self.byHand + "trainSilenceSeconds: 2\n") { daemon in
                try await daemon.teach(perKind: 8)
                let (job, _) = try await daemon.trainStopped()
                let ended = try await daemon.client.waitForTraining(job.id)
                #expect(ended.state == .failed && ended.message.contains("trainSilenceSeconds"), "\(ended.message)")
                #expect(daemon.logLines("training failed").count == 1)
                #expect(daemon.children().isEmpty)
            }
        }
    }
}
