import Foundation
import GraftAPI
import GraftClient
import TestBackbones
import TestSupport
import Testing

extension DaemonTests {
    /// `graftctl backup` and `restore`, with the built daemon.
    @Suite struct BackupTests {
        private let folder: TemporaryFolder
        private var file: String { folder.file("graftd.backup").path }

        init() throws { folder = try TemporaryFolder() }

        private func graftctl(_ arguments: String...) throws -> ProgramRun {
            try ProgramRun(Programs.graftctl, arguments)
        }

        /// A daemon with two backbones, the second of which answers, and a trained version.
        private func withTrainedDaemon(_ body: (RunningDaemon) async throws -> Void) async throws {
            try await RunningDaemon.with(backbone: false, configuration: "trainAutomatically: off\n") { daemon in
                for (name, seed) in [("first", UInt64(1)), ("second", 2)] {
                    let path = folder.file("\(name).safetensors").path
                    _ = try TestBackbone.write("efficientnet_lite0", seed: seed, to: path)
                    _ = try await daemon.client.putBackbone(name, file: path)
                }
                try await daemon.teach(perKind: 8)
                let job = try await daemon.client.train(TrainRequest(strategy: .head))
                let ended = try await daemon.client.waitForTraining(job.id)
                _ = try await daemon.client.activate(version: try #require(ended.version, "\(ended.message)"))
                try await body(daemon)
            }
        }

        private static let probes = TestImages.kinds.map { TestImages.ppm(kind: $0, seed: 900) }

        /// What `client` says of every probe, but for the answers' names.
        private static func answers(_ client: GraftClient) async throws -> [Classification] {
            var answers: [Classification] = []
            for probe in probes {
                var answer = try await client.classify(probe, mediaType: .ppm, top: 100)
                answer.id = ""
                answers.append(answer)
            }
            return answers
        }

        @Test func aBackupUnderLoadAnswersElsewhereAsTheDaemonDidBitForBit() async throws {
            try await withTrainedDaemon { daemon in
                let client = daemon.client
                let acknowledged = Shared(0)
                // One teaches, and notes after each sample what is answered with it; the backup is of some moment between.
                let load = Task {
                    var answers: [Int: [Classification]] = [:]
                    for seed in UInt64(100)... where !Task.isCancelled {
                        let image = TestImages.ppm(kind: TestImages.kinds[Int(seed) % 5], seed: seed)
                        let taught = try await client.teach(
                            image, mediaType: .ppm, label: TestImages.kinds[Int(seed) % 5], group: "\(seed)")
                        acknowledged.set(taught.model.revision)
                        answers[taught.model.revision] = try await Self.answers(client)
                    }
                    return answers
                }
                while acknowledged.value < 2 { try await Task.sleep(for: .milliseconds(20)) }
                let before = acknowledged.value
                let run = try graftctl("backup", file, "--socket", daemon.socket, "--json")
                load.cancel()
                let noted = try await load.value
                try #require(run.status == 0, "\(run.errors)")
                #expect(run.output.contains("backbones/first/backbone.safetensors"))
                let attributes = try FileManager.default.attributesOfItem(atPath: file)
                #expect(attributes[.posixPermissions] as? Int == 0o600)
                // Nothing temporary stays, on either side.
                #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path).count == 3)
                #expect(
                    try FileManager.default.contentsOfDirectory(atPath: daemon.state).allSatisfy { !$0.hasPrefix(".") })
                let listed = try ProgramRun(URL(filePath: "/bin/tar"), ["tf", file])
                #expect(listed.status == 0 && listed.output.hasPrefix("graftd.sqlite\n"), "\(listed.errors)")

                try await RunningDaemon.with(backbone: false, configuration: "trainAutomatically: off\n") { other in
                    other.stop()
                    let refused = try graftctl("restore", file, "--state", other.state)
                    #expect(refused.status == 1 && refused.errors.contains("--force"), "\(refused.errors)")
                    let restored = try graftctl("restore", file, "--state", other.state, "--force")
                    try #require(restored.status == 0, "\(restored.errors)")
                    try await other.start()
                    let answers = try await Self.answers(other.client)
                    let revision = answers[0].model.revision
                    #expect(revision >= before, "what was acknowledged before the backup is in it")
                    #expect(answers == noted[revision])
                    #expect(try await other.client.versions() == client.versions())
                    #expect(try await other.client.backbones().map(\.name) == ["second", "first"])
                    // It goes on learning.
                    try await other.teach(perKind: 9)
                }
            }
        }

        @Test func aRestoreThatFailsLeavesTheOldState() async throws {
            try await RunningDaemon.with(backbone: false) { daemon in
                #expect(try graftctl("backup", file, "--socket", daemon.socket).status == 0)
                let again = try graftctl("backup", file, "--socket", daemon.socket)
                #expect(again.status == 1 && again.errors.contains("--force replaces it"))
                #expect(try graftctl("backup", "--force", file, "--socket", daemon.socket).status == 0)

                let running = try graftctl("restore", file, "--state", daemon.state, "--force")
                #expect(running.status == 1 && running.errors.contains("a daemon uses"), "\(running.errors)")
                #expect(daemon.stop() == 0)

                let database = try Data(contentsOf: URL(filePath: "\(daemon.state)/graftd.sqlite"))
                var damaged = try Data(contentsOf: URL(filePath: file))
                damaged[5000] ^= 1
                let bad = folder.file("bad").path
                for (bytes, words) in [
                    (damaged, "'graftd.sqlite' in it is not what was saved"), (damaged.prefix(6000), "it was cut off"),
                    (Data("no archive".utf8), "no backup of graftd"),
                ] {
                    try bytes.write(to: URL(filePath: bad))
                    let run = try graftctl("restore", bad, "--state", daemon.state, "--force")
                    #expect(run.status == 1 && run.errors.contains(words), "\(run.errors)")
                    #expect(run.errors.split(separator: "\n").count == 1)
                    #expect(try Data(contentsOf: URL(filePath: "\(daemon.state)/graftd.sqlite")) == database)
                }
                #expect(
                    try FileManager.default.contentsOfDirectory(atPath: daemon.state).allSatisfy {
                        !$0.hasPrefix(".restore") && $0 != "restored"
                    })
                try await daemon.start()
            }
        }

        @Test func whatADaemonCannotReadIsNotRestored() async throws {
            try await RunningDaemon.with(backbone: false) { daemon in
                daemon.stop()
                let newer = try ProgramRun(
                    URL(filePath: "/usr/bin/python3"),
                    [
                        "-c",
                        """
                        import sqlite3, sys
                        with sqlite3.connect(sys.argv[1]) as d:
                            d.execute("INSERT INTO grdb_migrations VALUES ('999')")
                        """, "\(daemon.state)/graftd.sqlite",
                    ])
                try #require(newer.status == 0, "\(newer.errors)")
                let packed = try ProgramRun(
                    URL(filePath: "/usr/bin/python3"), ["-c", Self.packer, daemon.state, file])
                try #require(packed.status == 0, "\(packed.errors)")
                let empty = folder.file("empty")
                try FileManager.default.createDirectory(at: empty, withIntermediateDirectories: true)
                let run = try graftctl("restore", file, "--state", empty.path)
                #expect(run.status == 1 && run.errors.contains("written by a newer graftd"), "\(run.errors)")
                #expect(try FileManager.default.contentsOfDirectory(atPath: empty.path) == ["graftd.lock"])
            }
        }

        /// Makes a backup of a state's database, as another implementation of the format would.
        private static let packer = """
            import hashlib, io, json, sys, tarfile
            data = open(sys.argv[1] + "/graftd.sqlite", "rb").read()
            manifest = {"format": 1, "program": "9", "created": "2026-05-04T10:12:00Z", "missingVersions": [],
                "files": [{"name": "graftd.sqlite", "bytes": len(data), "modified": 0,
                           "sha256": hashlib.sha256(data).hexdigest()}]}
            with tarfile.open(sys.argv[2], "w", format=tarfile.USTAR_FORMAT) as archive:
                for name, content in [("graftd.sqlite", data), ("manifest.json", json.dumps(manifest).encode())]:
                    info = tarfile.TarInfo(name)
                    info.size = len(content)
                    archive.addfile(info, io.BytesIO(content))
            """
    }
}

/// A number that several tasks see.
private final class Shared: @unchecked Sendable {  // Every access holds the lock.
    private let lock = NSLock()
    private var stored: Int

    init(_ value: Int) { stored = value }

    var value: Int { lock.withLock { stored } }
    func set(_ value: Int) { lock.withLock { stored = value } }
}
