import Foundation
import GraftAPI
import GraftClient
import TestSupport
import Testing

extension DaemonTests.Faults {
    /// A state that becomes read-only under a daemon that runs.
    @Suite struct ReadOnlyTests {
        private static let byHand = "trainAutomatically: off\n"

        @Test func afterAnErrorOfTheDiskItAnswersSaysWhyItLearnsNothingAndLosesNothing() async throws {
            guard let disk = try FailingDisk(bytes: 96 << 20) else { return }
            try await RunningDaemon.with(configuration: Self.byHand, in: disk.path) { daemon in
                var acknowledged: [String: String] = [:]
                for seed in 0..<25 {
                    let kind = TestImages.kinds[seed % 5]
                    acknowledged[try await daemon.teach(kind, seed: UInt64(seed)).id] = kind
                }
                let probe = TestImages.ppm(kind: "rings", seed: 900)
                let before = try await daemon.client.classify(probe, mediaType: .ppm, top: 5)
                try #require(disk.fail())
                for seed in UInt64(100)..<104 {
                    let detail = await problem(.storeFailed) { _ = try await daemon.teach("rings", seed: seed) }
                    #expect(detail.contains("Read-only file system") && detail.contains("mounted for writing"))
                }
                let refused = await problem(.storeFailed) {
                    _ = try await daemon.client.train(TrainRequest(strategy: .head))
                }
                #expect(refused.contains("Read-only file system"))
                #expect(daemon.logLines("Read-only file system").count == 1, "\(daemon.logText)")
                let during = try await daemon.client.classify(probe, mediaType: .ppm, top: 5)
                #expect(during.top == before.top && during.model == before.model)
                #expect(try await daemon.client.status().samples == acknowledged.count)
                #expect(try await daemon.samples() == acknowledged.mapValues { $0 })

                // The file system itself wants to be repaired and mounted again, which takes a stop.
                daemon.stop()
                try #require(disk.takeAway() && disk.mend())
                try await daemon.start()
                #expect(try await daemon.samples() == acknowledged.mapValues { $0 })
                let after = try await daemon.client.classify(probe, mediaType: .ppm, top: 5)
                #expect(after.top == before.top && after.model == before.model)
                _ = try await daemon.teach("rings", seed: 100)
                #expect(try await daemon.trainHead().state != .failed)
            }
        }
    }
}
