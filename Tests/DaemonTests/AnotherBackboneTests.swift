import Foundation
import GraftAPI
import GraftClient
import TestBackbones
import Testing

extension DaemonTests {
    /// The built daemon and programs, when another backbone is imported onto what was taught.
    @Suite struct AnotherBackboneTests {
        private static let keepOriginals = "keep: original\n"

        private func answers(_ daemon: RunningDaemon) async throws -> [[LabelProbability]] {
            var answers: [[LabelProbability]] = []
            for kind in TestImages.kinds {
                let image = TestImages.ppm(kind: kind, seed: 900)
                answers.append(try await daemon.client.classify(image, mediaType: .ppm, top: 10).top)
            }
            return answers
        }

        /// One at a time, so that labels and samples have the same order everywhere.
        private func teachInOrder(_ daemon: RunningDaemon, perKind: Int) async throws {
            for seed in 1...UInt64(perKind) {
                for kind in TestImages.kinds {
                    let image = TestImages.ppm(kind: kind, seed: seed)
                    _ = try await daemon.client.teach(image, mediaType: .ppm, label: kind)
                }
            }
        }

        @Test func extractedSamplesAnswerAsFreshlyTaughtOnesDo() async throws {
            try await RunningDaemon.with(backbone: false, configuration: Self.keepOriginals) { daemon in
                try await daemon.put("efficientnet_lite0", seed: 1)
                try await teachInOrder(daemon, perKind: 10)
                var events = try await daemon.client.events().makeAsyncIterator()
                try await daemon.put("resnet18", seed: 2)
                var progress: [ExtractionProgress] = []
                while progress.last?.waiting != 0, let event = try await events.next() {
                    if case .extraction(let step) = try event.decoded() { progress.append(step) }
                }
                #expect(progress.first?.done == 0 && progress.last?.done == 50)
                #expect(progress.map(\.done) == progress.map(\.done).sorted())
                #expect(progress.allSatisfy { $0.total == 50 && $0.backbone == "resnet18" })
                let status = try await daemon.client.status()
                #expect(status.samples == 50 && status.otherSamples == 0)

                try await RunningDaemon.with(backbone: false) { fresh in
                    try await fresh.put("resnet18", seed: 2)
                    try await teachInOrder(fresh, perKind: 10)
                    #expect(try await answers(daemon) == answers(fresh))
                }
            }
        }

        @Test func aKillInTheMiddleGoesOnAtTheNextStart() async throws {
            try await RunningDaemon.with(backbone: false, configuration: Self.keepOriginals) { daemon in
                try await daemon.put("efficientnet_lite0", seed: 1)
                try await daemon.teach(perKind: 40)
                try await daemon.put("efficientnet_lite0", seed: 2)
                var done = 0
                while done == 0 { done = try await daemon.client.status().extraction?.done ?? 0 }
                daemon.kill()
                #expect(done < 200, "the kill came before the end")
                try await daemon.start()
                let status = try await daemon.extracted()
                #expect(status.samples == 200 && status.otherSamples == 0)
                #expect(status.extraction?.done == 200)
                // What one kill left, another start changes nothing about.
                let before = try await answers(daemon)
                daemon.kill()
                try await daemon.start()
                #expect(try await daemon.extracted().extraction?.done == 200)
                #expect(try await answers(daemon) == before)
            }
        }

        @Test func withoutImagesSamplesAreReportedAndAnswerAgainUnderTheirBackbone() async throws {
            try await RunningDaemon.with(backbone: false) { daemon in
                try await daemon.put("efficientnet_lite0", seed: 1)
                try await daemon.teach(perKind: 8)
                let trained = try await daemon.client.train(TrainRequest(strategy: .head, seed: 1))
                let job = try await daemon.client.waitForTraining(trained.id)
                let version = try #require(job.version)
                let before = try await answers(daemon)
                let active = try await daemon.client.status().model.version

                try await daemon.put("resnet18", seed: 2)
                // The version's head reads the other backbone's features: it can neither answer nor be activated.
                #expect(try await daemon.client.status().model.version == 0)
                await #expect(
                    performing: {
                        try await daemon.client.activate(version: version)
                    }, throws: { ($0 as? ClientError)?.problemKind == .versionUnusable })
                await #expect(
                    performing: {
                        try await daemon.client.train(TrainRequest(strategy: .head))
                    }, throws: { ($0 as? ClientError)?.problemKind == .tooFewSamples })
                let image = TestImages.ppm(kind: "rings", seed: 901)
                _ = try await daemon.client.teach(image, mediaType: .ppm, label: "rings")
                #expect(try await daemon.client.classify(image, mediaType: .ppm).label == "rings")

                let status = try ProgramRun(
                    Programs.graftctl, ["status"], environment: ["GRAFTD_SOCKET": daemon.socket])
                #expect(status.status == 0, "\(status.errors)")
                #expect(
                    status.output.contains("40 stay with efficientnet_lite0: their images were not kept"),
                    "\(status.output)")
                let list = try ProgramRun(
                    Programs.graftctl, ["backbone", "list"], environment: ["GRAFTD_SOCKET": daemon.socket])
                #expect(list.output.contains("40 stay with efficientnet_lite0"), "\(list.output)")
                let metrics = try await daemon.client.metrics()
                #expect(metrics.contains("\ngraftd_extraction_without_image 40\n"))
                #expect(metrics.contains("\ngraftd_extraction_waiting 0\n"))

                try await daemon.put("efficientnet_lite0", seed: 1)
                #expect(try await daemon.client.status().model.version == active)
                #expect(try await answers(daemon) == before)
                #expect(try await daemon.client.status().otherSamples == 1)
            }
        }

        @Test func requestsAreAnsweredWhileSamplesAreExtracted() async throws {
            try await RunningDaemon.with(backbone: false, configuration: Self.keepOriginals) { daemon in
                try await daemon.put("efficientnet_lite0", seed: 1)
                try await daemon.teach(perKind: 40)
                try await daemon.put("efficientnet_lite0", seed: 2)
                let clock = ContinuousClock()
                var slowest = Duration.zero
                var asked = 0
                var status = try await daemon.client.status()
                while status.extraction?.waiting != 0 {
                    let image = TestImages.ppm(kind: "rings", seed: 900)
                    let start = clock.now
                    // Until the first batch is learned the new backbone knows no label.
                    do {
                        _ = try await daemon.client.classify(image, mediaType: .ppm)
                    } catch let error as ClientError where error.problemKind == .noLabels {}
                    slowest = max(slowest, clock.now - start)
                    asked += 1
                    status = try await daemon.client.status()
                }
                #expect(asked > 10)
                // One image in front takes tens of milliseconds; a second would be the whole queue, or the learner.
                #expect(slowest < .seconds(1))
                #expect(status.samples == 200)
            }
        }
    }
}

extension RunningDaemon {
    /// Imports random weights of `architecture`, as other ones for every `seed`, under the architecture's name.
    func put(_ architecture: String, seed: UInt64) async throws {
        let file = folder.file("\(architecture)-\(seed).safetensors").path
        let fingerprint = try TestBackbone.write(architecture, seed: seed, to: file)
        let record = try await client.putBackbone(architecture, file: file)
        #expect(record.fingerprint == fingerprint && record.loaded)
    }

    /// The status once nothing waits to be extracted again.
    func extracted() async throws -> Status {
        // A minute is a hundred times what it takes.
        for _ in 0..<1_200 {
            let status = try await client.status()
            if status.extraction?.waiting == 0 { return status }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw Unfinished()
    }

    struct Unfinished: Error {}
}
