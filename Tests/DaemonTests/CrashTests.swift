import Foundation
import GraftAPI
import GraftClient
import Synchronization
import Testing

extension DaemonTests {
    /// What was acknowledged survives SIGKILL.
    @Suite(.enabled(if: Programs.weights != nil, Programs.weightsCondition))
    struct CrashTests {
        /// What the clients of a test share.
        private final class Record: Sendable {
            /// The label of every acknowledged sample, by id.
            let acknowledged = Mutex<[String: String]>([:])
            let pictures = Atomic<UInt64>(1)
        }

        @Test func fiftyKillsDuringTeachingLoseNothingAcknowledged() async throws {
            try await RunningDaemon.with { daemon in
                var generator = SplitMix64(state: 20)
                let record = Record()

                for round in 1...50 {
                    let pause = Duration.milliseconds(Int(generator.unit() * 250))
                    await withTaskGroup { group in
                        for _ in 0..<4 {
                            group.addTask { [client = daemon.client] in
                                // Ends with the first call that the kill cuts off.
                                while true {
                                    let seed = record.pictures.add(1, ordering: .relaxed).newValue
                                    let kind = TestImages.kinds[Int(seed) % TestImages.kinds.count]
                                    let image = TestImages.ppm(kind: kind, seed: seed)
                                    guard let taught = try? await client.teach(image, mediaType: .ppm, label: kind)
                                    else {
                                        return
                                    }
                                    record.acknowledged.withLock { $0[taught.id] = taught.label }
                                }
                            }
                        }
                        group.addTask {
                            try? await Task.sleep(for: pause)
                            daemon.kill()
                        }
                    }
                    try await daemon.start()
                    let status = try await daemon.client.status()
                    let known = record.acknowledged.withLock { $0 }
                    #expect(status.samples >= known.count, "after kill \(round)")
                }

                // Every acknowledged sample is there, under its label.
                let known = record.acknowledged.withLock { $0 }
                #expect(known.count > 50)
                var stored: [String: String] = [:]
                var after: String?
                repeat {
                    let page = try await daemon.client.samples(label: nil, after: after, limit: 1_000)
                    for sample in page.samples { stored[sample.id] = sample.label }
                    after = page.next
                } while after != nil
                for (id, label) in known { #expect(stored[id] == label) }

                // The state alone determines the answers: one more kill changes none, in version, revision or probability.
                let probes = TestImages.kinds.map { TestImages.ppm(kind: $0, seed: 9_999_999) }
                var before: [Classification] = []
                for probe in probes { before.append(try await daemon.client.classify(probe, mediaType: .ppm, top: 10)) }
                daemon.kill()
                try await daemon.start()
                for (probe, earlier) in zip(probes, before) {
                    let now = try await daemon.client.classify(probe, mediaType: .ppm, top: 10)
                    #expect(now.top == earlier.top)
                    #expect(now.model == earlier.model)
                }
            }
        }

        @Test func aPublishedVersionSurvivesAKill() async throws {
            try await RunningDaemon.with { daemon in
                try await daemon.teach(perKind: 8)
                let job = try await daemon.client.train(TrainRequest(strategy: .head, seed: 1))
                _ = try await daemon.client.waitForTraining(job.id)
                let probe = TestImages.ppm(kind: "rings", seed: 1_234)
                let before = try await daemon.client.classify(probe, mediaType: .ppm, top: 10)
                daemon.kill()
                try await daemon.start()
                let after = try await daemon.client.classify(probe, mediaType: .ppm, top: 10)
                #expect(after.top == before.top)
                #expect(after.model == before.model)
            }
        }

        @Test func aKilledDaemonTakesItsTrainerWithIt() async throws {
            try await RunningDaemon.with { daemon in
                try await daemon.teach(perKind: 8)
                _ = try await daemon.client.train(TrainRequest(strategy: .head, seed: 1))
                daemon.kill()
                try await daemon.start()
                let versions = try await daemon.client.versions()
                #expect(versions.versions.allSatisfy { $0.state == .published || $0.state == .rejected })
                let job = try await daemon.client.train(TrainRequest(strategy: .head, seed: 2))
                #expect(job.state == .running)
                #expect(try await daemon.client.waitForTraining(job.id).state != .failed)
            }
        }
    }
}
