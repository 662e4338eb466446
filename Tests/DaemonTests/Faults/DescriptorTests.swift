import Foundation
import GraftAPI
import GraftClient
import Testing

extension DaemonTests.Faults {
    /// No more files can be opened.
    @Suite struct DescriptorTests {
        private func openFiles(_ daemon: RunningDaemon) throws -> [Int] {
            try FileManager.default.contentsOfDirectory(atPath: "/proc/\(daemon.pid)/fd").compactMap { Int($0) }
        }

        @Test func withoutDescriptorsItSaysWhyAndGoesOnWhenThereAreSome() async throws {
            try await RunningDaemon.with(configuration: "trainAutomatically: off\n") { daemon in
                try await daemon.teach(perKind: 8)
                let before = try openFiles(daemon)
                let linesBefore = daemon.logLines("graftd").count
                // The connection that is open stays: it is asked on.
                try limit(daemon.pid, "nofile=3:")
                let taught = try await daemon.teach("rings", seed: 600)
                _ = try await daemon.client.classify(TestImages.ppm(kind: "rings", seed: 900), mediaType: .ppm)
                let detail = await problem(.internal) {
                    _ = try await daemon.client.train(TrainRequest(strategy: .head))
                }
                #expect(detail.contains("could not be started"))
                // New connections wait in the socket.
                let waiting = Task { [socket = daemon.socket] in
                    try await GraftClient.withClient(socket: socket) { try await $0.live() }
                }
                try await Task.sleep(for: .milliseconds(700))
                #expect(daemon.logLines("graftd").count <= linesBefore + 3, "no flood: \(daemon.logText)")
                try limit(daemon.pid, "nofile=1024:")
                #expect(try await waiting.value)
                #expect(try await daemon.trainHead().state == .published)
                #expect(try await daemon.samples()[taught.id] == "rings")
                // Nothing that failed has kept a descriptor.
                try await Task.sleep(for: .milliseconds(200))
                #expect(try openFiles(daemon).count <= before.count + 4)
            }
        }
    }
}
