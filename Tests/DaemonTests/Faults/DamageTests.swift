import Foundation
import GRDB
import GraftAPI
import GraftClient
import TestSupport
import Testing

extension DaemonTests.Faults {
    @Suite struct DamageTests {
        private static let byHand = "trainAutomatically: off\n"

        private func probe(_ daemon: RunningDaemon) async throws -> Classification {
            try await daemon.client.classify(TestImages.ppm(kind: "rings", seed: 900), mediaType: .ppm, top: 10)
        }

        @Test func aDamagedVersionGivesWayToTheOneBeforeIt() async throws {
            try await RunningDaemon.with(configuration: Self.byHand) { daemon in
                try await daemon.teach(perKind: 8)
                #expect(try await daemon.trainHead(seed: 1).state == .published)
                let first = try await probe(daemon)
                #expect(try await daemon.trainHead(seed: 2).state == .published)
                #expect(try await daemon.client.versions().active == 2)
                #expect(daemon.stop() == 0)
                try damage("\(daemon.state)/versions/2.safetensors")
                let found = try daemon.doctor()
                #expect(found.problems("versions").count == 1)
                #expect(found.problems("versions").first?.detail.contains("version 2") == true)

                try await daemon.start()
                let answer = try await probe(daemon)
                #expect(answer.model.version == 1 && answer.top == first.top)
                #expect(daemon.logLines("version 2 does not answer").count == 1, "\(daemon.logText)")
                let detail = await problem(.versionUnusable) { _ = try await daemon.client.activate(version: 2) }
                #expect(detail.contains("damaged") && detail.contains("backup"))

                // Without any version the analytic head answers.
                #expect(daemon.stop() == 0)
                try FileManager.default.removeItem(atPath: "\(daemon.state)/versions/1.safetensors")
                try await daemon.start()
                #expect(try await probe(daemon).model.version == 0)
                #expect(daemon.logLines("version 1 does not answer").count == 1)

                // What is repaired is not offered any more.
                #expect(daemon.stop() == 0)
                #expect(try daemon.doctor(repair: true).repairs("versions").count == 2)
                #expect(try daemon.doctor().isHealthy)
                try await daemon.start()
                let after = await problem(.versionUnusable) { _ = try await daemon.client.activate(version: 2) }
                #expect(after.contains("train again"))
                #expect(try await daemon.trainHead(seed: 3).state == .published)
            }
        }

        @Test func aDamagedBackboneIsRefusedUntilItIsImportedAgain() async throws {
            try await RunningDaemon.with(configuration: Self.byHand) { daemon in
                try await daemon.teach(perKind: 2)
                let before = try await probe(daemon)
                #expect(daemon.stop() == 0)
                let file = "\(daemon.state)/backbones/efficientnet_lite0/backbone.safetensors"
                try damage(file)
                #expect(try daemon.doctor().problems("backbones").count == 1)

                try await daemon.start()
                #expect(try await !daemon.client.ready())
                let detail = await problem(.noBackbone) { _ = try await probe(daemon) }
                #expect(detail.contains("fingerprint") && detail.contains("import it again"))
                #expect(try await daemon.client.status().summary.contains("import it again"))
                #expect(daemon.logLines("fingerprint is").count == 1, "\(daemon.logText)")

                let run = try ProgramRun(
                    Programs.graftctl,
                    [
                        "backbone", "import", try #require(Programs.weights), "--arch", "efficientnet_lite0",
                        "--socket",
                        daemon.socket,
                    ])
                #expect(run.status == 0, "\(run.errors)")
                let after = try await probe(daemon)
                #expect(after.top == before.top && after.model == before.model)
            }
        }

        @Test func aDamagedPageOfTheDatabaseIsExplainedAndWhatIsLeftIsSalvaged() async throws {
            // Latents apart, so that the pages are those of samples.
            try await RunningDaemon.with(configuration: "trainAutomatically: off\nlatents: none\n") { daemon in
                var taught: [String: String] = [:]
                for seed in 0..<60 {
                    let kind = TestImages.kinds[seed % 5]
                    taught[try await daemon.teach(kind, seed: UInt64(seed)).id] = kind
                }
                #expect(daemon.stop() == 0)
                try zeroPage(ofTable: "samples", in: daemon.state)
                // What was saved would hide it until the page is needed.
                let found = try daemon.doctor()
                #expect(found.problems("database").count == 1)
                #expect(found.problems("database").first?.remedy?.contains("--repair") == true)

                try await daemon.start()
                // Learned before the damage, or not: it answers, or says what to do.
                do {
                    _ = try await probe(daemon)
                } catch let error as ClientError {
                    #expect("\(error)".contains("graftctl doctor --repair"), "\(error)")
                }
                #expect(daemon.logLines("damaged").count <= 1, "\(daemon.logText)")
                #expect(daemon.stop() == 0)

                let repaired = try daemon.doctor(repair: true)
                #expect(repaired.isHealthy, "\(repaired.findings)")
                #expect(repaired.repairs("database").first?.detail.contains("salvaged") == true)
                try await daemon.start()
                let left = try await daemon.samples()
                #expect(left.count < taught.count && left.count >= taught.count - 3, "one page is lost, not more")
                for (id, label) in left { #expect(taught[id] == label) }
                #expect(try await probe(daemon).top.count == 5)
                #expect(try await daemon.client.status().learnedSamples == left.count)
                _ = try await daemon.teach("rings", seed: 500)
            }
        }

        @Test func aNewerSchemaIsRefusedAndAnswersTheOlderBinaryNothing() async throws {
            try await RunningDaemon.with(backbone: false) { daemon in
                #expect(daemon.stop() == 0)
                let database = try DatabaseQueue(path: "\(daemon.state)/graftd.sqlite")
                try await database.write {
                    try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('from the future')")
                }
                try database.close()
                let run = try ProgramRun(Programs.graftd, ["--socket", daemon.socket, "--state", daemon.state])
                #expect(run.status == 1)
                #expect(run.errors.contains("newer graftd"))
                #expect(run.errors.split(separator: "\n").count == 1, "\(run.errors)")
                #expect(try daemon.doctor().problems("schema").count == 1)
                #expect(try daemon.doctor(repair: true).repairs("database").isEmpty, "nobody touches it")
            }
        }

        @Test func theDoctorFindsNothingWrongWithADaemonThatRuns() async throws {
            try await RunningDaemon.with(configuration: Self.byHand) { daemon in
                try await daemon.teach(perKind: 2)
                let found = try await daemon.client.examination()
                #expect(found.inUse && found.isHealthy, "\(found.findings)")
                let run = try ProgramRun(Programs.graftctl, ["doctor", "--socket", daemon.socket, "--repair"])
                #expect(run.status == 1 && run.errors.contains("stop it first"))
            }
        }
    }
}

/// Overwrites the middle leaf of `table` with zeros.
private func zeroPage(ofTable table: String, in state: String) throws {
    let path = "\(state)/graftd.sqlite"
    let database = try DatabaseQueue(path: path)
    let root = try database.writeWithoutTransaction { db in
        try db.checkpoint(.truncate)
        return try Int.fetchOne(db, sql: "SELECT rootpage FROM sqlite_master WHERE name = ?", arguments: [table])
    }
    try database.close()
    let pages = try DatabasePages(path: path)
    let leaf = pages.middleLeaf(under: try #require(root))
    try #require(leaf != root)
    try pages.zero(leaf)
}
