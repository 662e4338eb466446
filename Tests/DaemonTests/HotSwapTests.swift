import Foundation
import GraftAPI
import GraftClient
import Synchronization
import Testing

extension DaemonTests {
    /// Swapping versions under load.
    @Suite(.enabled(if: Programs.weights != nil, Programs.weightsCondition))
    struct HotSwapTests {
        /// What one version and revision says of one image.
        private struct Key: Hashable {
            let model: ModelReference
            let image: Int
        }

        /// What the clients of a test share.
        private final class Storm: Sendable {
            let answers = Mutex<[Key: Set<[LabelProbability]>]>([:])
            let asked = Atomic(0)
            let done = Atomic(false)
        }

        @Test func twentyRetrainsAndTwentyActivationsDropNoRequestAndMixNoVersions() async throws {
            try await RunningDaemon.with { daemon in
                try await daemon.teach(perKind: 8)
                let images = TestImages.kinds.map { TestImages.ppm(kind: $0, seed: 500) }
                let storm = Storm()

                try await withThrowingTaskGroup { group in
                    for worker in 0..<8 {
                        group.addTask { [client = daemon.client] in
                            var turn = worker
                            while !storm.done.load(ordering: .relaxed) {
                                let index = turn % images.count
                                // Any failure ends the test: no request may be refused or cut off by a swap.
                                let answer = try await client.classify(images[index], mediaType: .ppm, top: 10)
                                storm.answers.withLock {
                                    _ = $0[Key(model: answer.model, image: index), default: []].insert(answer.top)
                                }
                                storm.asked.add(1, ordering: .relaxed)
                                turn += 1
                                // The trainer yields to requests: without a pause a job takes five times as long.
                                try await Task.sleep(for: .milliseconds(40))
                            }
                        }
                    }
                    group.addTask { [client = daemon.client] in
                        defer { storm.done.store(true, ordering: .relaxed) }
                        for round in 0..<20 {
                            let started = try await client.train(TrainRequest(strategy: .head, seed: UInt64(round)))
                            let job = try await client.waitForTraining(started.id)
                            #expect(job.state == .published || job.state == .rejected, "\(job.message)")
                            let published = try await client.versions().versions.filter { $0.state == .published }
                            let candidates = [0] + published.prefix(10).map(\.version)
                            _ = try await client.activate(version: candidates[round % candidates.count])
                        }
                    }
                    try await group.waitForAll()
                }

                let seen = storm.answers.withLock { $0 }
                #expect(storm.asked.load(ordering: .relaxed) > 100)
                #expect(Set(seen.keys.map(\.model)).count > 5, "swaps happened while requests ran")
                #expect(seen.values.allSatisfy { $0.count == 1 }, "one version and revision gives one answer")

                // In quiet, each version alone says what it said in the storm.
                // The ten newest keep their weights, and version 0 needs none.
                var compared = 0
                let published = try await daemon.client.versions().versions.filter { $0.state == .published }
                for version in [0] + published.prefix(10).map(\.version) {
                    _ = try await daemon.client.activate(version: version)
                    for (index, image) in images.enumerated() {
                        let alone = try await daemon.client.classify(image, mediaType: .ppm, top: 10)
                        guard let then = seen[Key(model: alone.model, image: index)] else { continue }
                        #expect(then == [alone.top])
                        compared += 1
                    }
                }
                #expect(compared >= 25, "only \(compared) answers of the storm were compared")
            }
        }

        @Test func aVersionThatDoesNotExistIsNotActivated() async throws {
            try await RunningDaemon.with { daemon in
                try await daemon.teach(perKind: 1)
                await #expect(
                    performing: {
                        try await daemon.client.activate(version: 99)
                    }, throws: { ($0 as? ClientError)?.problemKind == .unknownVersion })
            }
        }

        @Test func aCancelledJobPublishesNothing() async throws {
            try await RunningDaemon.with { daemon in
                try await daemon.teach(perKind: 8)
                _ = try await daemon.client.train(TrainRequest(strategy: .head, seed: 1))
                await #expect(
                    performing: {
                        try await daemon.client.train(TrainRequest(strategy: .head, seed: 2))
                    }, throws: { ($0 as? ClientError)?.problemKind == .trainingRuns })
                // A job this small may have ended before it could be cancelled: then it is not there any more.
                if let job = try? await daemon.client.cancelTraining(), job.state == .cancelled {
                    #expect(try await daemon.client.versions().active == 0)
                }
            }
        }
    }
}
