import Foundation
import GraftAPI
import GraftClient
import Testing

extension DaemonTests {
    /// Starting, stopping, and living without a backbone.
    @Suite struct LifecycleTests {
        @Test func withoutABackboneItIsUpAndSaysWhatToRun() async throws {
            try await RunningDaemon.with(backbone: false) { daemon in
                #expect(try await daemon.client.live())
                #expect(try await !daemon.client.ready())
                let status = try await daemon.client.status()
                #expect(status.phase == .noBackbone)
                #expect(status.summary.contains("graftctl backbone import"))
                await #expect(
                    performing: {
                        try await daemon.client.classify(TestImages.ppm(kind: "rings", seed: 1), mediaType: .ppm)
                    }, throws: { ($0 as? ClientError)?.problemKind == .noBackbone })
            }
        }

        @Test func sigtermStopsItCleanlyAndRemovesTheSocket() async throws {
            try await RunningDaemon.with(backbone: false) { daemon in
                _ = try await daemon.client.status()
                #expect(daemon.stop() == 0)
                #expect(!FileManager.default.fileExists(atPath: daemon.socket))
            }
        }

        @Test(.enabled(if: Programs.weights != nil, Programs.weightsCondition))
        func requestsBegunBeforeSigtermAreAnswered() async throws {
            try await RunningDaemon.with { daemon in
                try await daemon.teach(perKind: 2)
                let answered = await withTaskGroup { group in
                    for seed in 0..<16 {
                        group.addTask { [client = daemon.client] in
                            let image = TestImages.ppm(kind: "rings", seed: UInt64(100 + seed))
                            return (try? await client.classify(image, mediaType: .ppm)) != nil
                        }
                    }
                    // Long enough for all sixteen to be read, too short for the last to be answered.
                    try? await Task.sleep(for: .milliseconds(90))
                    let status = daemon.stop()
                    #expect(status == 0, "\(daemon.logText)")
                    return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
                }
                #expect(answered == 16)
            }
        }

        @Test func aSecondDaemonOnTheSameStateStopsWithAClearError() async throws {
            try await RunningDaemon.with(backbone: false) { daemon in
                let other = daemon.folder.file("other").path
                let run = try ProgramRun(Programs.graftd, ["--socket", other, "--state", daemon.state])
                #expect(run.status == 1)
                #expect(run.errors.contains(daemon.state))
            }
        }

        @Test func aSecondDaemonOnTheSameSocketStopsWithAClearError() async throws {
            try await RunningDaemon.with(backbone: false) { daemon in
                let run = try ProgramRun(
                    Programs.graftd, ["--socket", daemon.socket, "--state", daemon.folder.file("other").path])
                #expect(run.status == 1)
                #expect(run.errors.contains("another daemon answers"))
                #expect(try await daemon.client.live())
            }
        }

        @Test func everyWrongSettingIsNamedAtOnce() throws {
            let run = try ProgramRun(
                Programs.graftd, [], environment: ["GRAFTD_THREADS": "0", "GRAFTD_PIXEL_LIMIT": "many"])
            #expect(run.status == 78)
            #expect(run.errors.contains("threads"))
            #expect(run.errors.contains("pixelLimit"))
        }

        @Test(.enabled(if: Programs.weights != nil, Programs.weightsCondition))
        func aBackboneIsImportedIntoARunningDaemon() async throws {
            try await RunningDaemon.with(backbone: false) { daemon in
                let run = try ProgramRun(
                    Programs.graftctl,
                    ["backbone", "import", try #require(Programs.weights), "--arch", "efficientnet_lite0"],
                    environment: ["GRAFTD_SOCKET": daemon.socket])
                #expect(run.status == 0, "\(run.errors)")
                #expect(try await daemon.client.ready())
                _ = try await daemon.client.teach(
                    TestImages.ppm(kind: "rings", seed: 1), mediaType: .ppm, label: "rings")
                let before = try await daemon.client.backbones()
                #expect(before.map(\.architecture) == ["efficientnet_lite0"])
                #expect(daemon.stop() == 0)
                try await daemon.start()
                #expect(try await daemon.client.backbones() == before)
            }
        }
    }
}
