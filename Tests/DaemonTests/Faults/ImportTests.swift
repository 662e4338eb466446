import Foundation
import Glibc
import GraftAPI
import GraftClient
import TestSupport
import Testing

extension DaemonTests.Faults {
    /// A backbone that is being brought when something ends.
    @Suite struct ImportTests {
        private static let byHand = "trainAutomatically: off\n"
        /// In milliseconds: while the checkpoint is read, written, sent, and checked by the daemon.
        private static let moments = [40, 120, 250, 350, 450, 550, 700]

        /// `graftctl backbone import`, which writes its temporary files into `scratch`.
        private func startImport(_ name: String, _ place: [String], scratch: URL) throws -> Process {
            let process = Process()
            process.executableURL = Programs.graftctl
            process.arguments =
                [
                    "backbone", "import", try #require(Programs.weights), "--arch", "efficientnet_lite0", "--name",
                    name,
                ] + place
            process.environment = ProcessInfo.processInfo.environment.merging(["TMPDIR": scratch.path]) { $1 }
            process.standardOutput = FileHandle.nullDevice
            process.standardError = FileHandle.nullDevice
            try process.run()
            return process
        }

        /// Names below `folder` of what is half written.
        private func leftovers(_ folder: String) -> [String] {
            (FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? [])
                .filter { $0.contains(".import-") || $0.contains(".incoming-") }
        }

        @Test func endingAnImportLeavesNothingBehind() async throws {
            try await RunningDaemon.with(configuration: Self.byHand) { daemon in
                let taught = try await daemon.teach("rings", seed: 1)
                let scratch = daemon.folder.file("scratch")
                try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
                var ended = 0
                for moment in Self.moments {
                    let process = try startImport("other", ["--socket", daemon.socket], scratch: scratch)
                    try await Task.sleep(for: .milliseconds(moment))
                    process.terminate()
                    process.waitUntilExit()
                    if process.terminationReason == .uncaughtSignal { ended += 1 }
                    #expect(leftovers(scratch.path).isEmpty, "after \(moment) ms")
                    // It answers, by whichever of the two is whole.
                    _ = try await daemon.client.classify(TestImages.ppm(kind: "rings", seed: 9), mediaType: .ppm)
                }
                #expect(ended > 0, "no import was under way any more")
                // What was received in part goes as soon as its connection does.
                for _ in 0..<100 where !leftovers(daemon.state).isEmpty {
                    try await Task.sleep(for: .milliseconds(50))
                }
                #expect(leftovers(daemon.state).isEmpty)
                let again = try startImport("other", ["--socket", daemon.socket], scratch: scratch)
                again.waitUntilExit()
                #expect(again.terminationStatus == 0)
                #expect(try await daemon.client.status().backbone?.name == "other")
                #expect(try await daemon.samples() == [taught.id: "rings"])
            }
        }

        @Test func stoppingTheDaemonUnderAnImportLeavesAWholeState() async throws {
            try await RunningDaemon.with(configuration: Self.byHand) { daemon in
                let taught = try await daemon.teach("rings", seed: 1)
                for moment in Self.moments {
                    let process = try startImport("other", ["--socket", daemon.socket], scratch: daemon.folder.url)
                    try await Task.sleep(for: .milliseconds(moment))
                    #expect(daemon.stop() == 0, "after \(moment) ms: \(daemon.logText)")
                    process.waitUntilExit()
                    let found = try daemon.doctor()
                    #expect(found.isHealthy, "after \(moment) ms: \(found.findings)")
                    try await daemon.start()
                    #expect(leftovers(daemon.state).isEmpty)
                    _ = try await daemon.client.classify(TestImages.ppm(kind: "rings", seed: 9), mediaType: .ppm)
                }
                let again = try startImport("other", ["--socket", daemon.socket], scratch: daemon.folder.url)
                again.waitUntilExit()
                #expect(again.terminationStatus == 0)
                #expect(try await daemon.samples() == [taught.id: "rings"])
            }
        }

        @Test func anImportIntoAStoppedStateCanBeEndedAndEvenKilled() async throws {
            try await RunningDaemon.with(backbone: false, configuration: Self.byHand) { daemon in
                #expect(daemon.stop() == 0)
                var left = 0
                for moment in Self.moments {
                    for end in [SIGTERM, SIGKILL] {
                        let process = try startImport("b", ["--state", daemon.state], scratch: daemon.folder.url)
                        try await Task.sleep(for: .milliseconds(moment))
                        Glibc.kill(process.processIdentifier, end)
                        process.waitUntilExit()
                        if end == SIGKILL { left += leftovers(daemon.state).count }
                        if end == SIGTERM, left == 0 { #expect(leftovers(daemon.state).isEmpty, "after \(moment) ms") }
                    }
                }
                #expect(left > 0, "a kill in the middle leaves something")
                try await daemon.start()
                #expect(leftovers(daemon.state).isEmpty, "the next start clears it")
                #expect(daemon.stop() == 0)
                let again = try startImport("b", ["--state", daemon.state], scratch: daemon.folder.url)
                again.waitUntilExit()
                #expect(again.terminationStatus == 0)
                try await daemon.start()
                _ = try await daemon.teach("rings", seed: 1)
            }
        }
    }
}
