import Foundation
import GraftAPI
import GraftClient
import TestBackbones
import TestSupport
import Testing

extension DaemonTests {
    /// What commands of graftctl say and change.
    @Suite struct CommandTests {
        private let folder: TemporaryFolder

        init() throws { folder = try TemporaryFolder() }

        private func withTaughtDaemon(_ body: (RunningDaemon, (String...) throws -> ProgramRun) async throws -> Void)
            async throws
        {
            try await RunningDaemon.with(backbone: false, configuration: "trainAutomatically: off\n") { daemon in
                let path = folder.file("a.safetensors").path
                _ = try TestBackbone.write("efficientnet_lite0", seed: 1, to: path)
                _ = try await daemon.client.putBackbone("a", file: path)
                try await daemon.teach(perKind: 2)
                try await body(daemon) { (arguments: String...) in
                    try ProgramRun(Programs.graftctl, arguments, environment: ["GRAFTD_SOCKET": daemon.socket])
                }
            }
        }

        @Test func samplesAreFilteredShownRelabelledAndForgotten() async throws {
            try await withTaughtDaemon { daemon, graftctl in
                func listed(_ arguments: String...) throws -> [SampleRecord] {
                    let run = try ProgramRun(
                        Programs.graftctl, ["samples", "list", "--json"] + arguments,
                        environment: ["GRAFTD_SOCKET": daemon.socket])
                    return try run.output.split(separator: "\n").map {
                        try APICoding.decoder().decode(SampleRecord.self, from: Data($0.utf8))
                    }
                }
                let all = try listed()
                #expect(all.count == 10)
                #expect(try listed("--limit", "3") == Array(all.prefix(3)))
                #expect(try listed("--wrong") == all.filter { $0.predicted.map(\.label) ?? $0.label != $0.label })
                let rings = try listed("--label", "rings")
                #expect(rings == all.filter { $0.label == "rings" } && rings.count == 2)

                let shown = try graftctl("samples", "show", rings[0].id)
                #expect(shown.status == 0 && shown.output.contains(rings[0].digest))
                let relabelled = try graftctl("samples", "relabel", "--label", "hoops", rings[0].id, rings[1].id)
                #expect(relabelled.output == "2 samples are of 'hoops' now.\n")
                #expect(try listed("--label", "hoops").map(\.id) == rings.map(\.id))
                let negative = try graftctl("samples", "relabel", "--negative", rings[0].id)
                #expect(negative.output == "1 sample is of none of the labels now.\n")
                #expect(try listed("--negative").map(\.id) == [rings[0].id])

                let unasked = try graftctl("samples", "delete", rings[0].id)
                #expect(unasked.status == 1 && unasked.errors.contains("--yes"))
                #expect(try listed().count == 10)
                let half = try graftctl("samples", "delete", "--yes", rings[0].id, "nobody", rings[1].id)
                #expect(
                    half.status == 1 && half.errors.contains("1 of 3 samples were changed before"), "\(half.errors)")
                #expect(try listed().count == 9)
                #expect(try graftctl("samples", "list", "--label", "a", "--negative").status == 64)
            }
        }

        @Test func labelsAreRenamedMergedAndForgotten() async throws {
            try await withTaughtDaemon { daemon, graftctl in
                #expect(try graftctl("labels", "rename", "rings", "hoops").output == "'rings' is called 'hoops' now.\n")
                let exists = try graftctl("labels", "rename", "hoops", "checks")
                #expect(exists.status == 1 && exists.errors.contains("ask for a merge"))
                for arguments in [["merge", "hoops", "checks"], ["delete", "hoops"]] {
                    let run = try ProgramRun(
                        Programs.graftctl, ["labels"] + arguments, environment: ["GRAFTD_SOCKET": daemon.socket])
                    #expect(run.status == 1 && run.errors.contains("2 samples") && run.errors.contains("--yes"))
                }
                #expect(try await daemon.client.labels().count == 5)
                let merged = try graftctl("labels", "merge", "hoops", "checks", "--yes")
                #expect(merged.output == "2 samples of 'hoops' are of 'checks' now.\n")
                let forgotten = try graftctl("labels", "delete", "checks", "-y")
                #expect(forgotten.output == "The label 'checks' and its 4 samples are forgotten.\n")
                #expect(try await daemon.client.labels().map(\.label).sorted() == ["blobs", "ramps", "stripes"])
                let unknown = try graftctl("labels", "merge", "blobs", "rings", "--yes")
                #expect(unknown.status == 1 && unknown.errors.contains("no label 'rings'"))
                #expect(try graftctl("labels").output == graftctl("labels", "list").output)
            }
        }

        @Test func whatHappensIsSeenAsItHappens() async throws {
            try await withTaughtDaemon { daemon, graftctl in
                let teaching = Task { [client = daemon.client] in
                    for seed in UInt64(50)... where !Task.isCancelled {
                        _ = try? await client.teach(
                            TestImages.ppm(kind: "blobs", seed: seed), mediaType: .ppm, label: "blobs")
                        try? await Task.sleep(for: .milliseconds(50))
                    }
                }
                defer { teaching.cancel() }
                let plain = try graftctl("watch", "--count", "2")
                #expect(plain.status == 0 && plain.errors.contains("watching"), "\(plain.errors)")
                let lines = plain.output.split(separator: "\n")
                #expect(lines.count == 2 && lines.allSatisfy { $0.contains("taught  blobs") }, "\(plain.output)")
                #expect(!plain.output.contains("\u{1B}"))
                let json = try graftctl("watch", "--json", "--count", "2")
                struct Line: Decodable {
                    var event: String
                    var time: Date
                    var data: Taught
                }
                let events = try json.output.split(separator: "\n").map {
                    try APICoding.decoder().decode(Line.self, from: Data($0.utf8))
                }
                #expect(events.map(\.event) == ["sample", "sample"] && events.allSatisfy { $0.data.label == "blobs" })
                let ended = Task.detached { [socket = daemon.socket] in
                    try ProgramRun(Programs.graftctl, ["watch", "--socket", socket])
                }
                try await Task.sleep(for: .milliseconds(500))
                daemon.stop()
                let run = try await ended.value
                #expect(run.status == 1 || run.status == 3, "\(run.errors)")
            }
        }

        @Test func everyErrorOfTheSettingsIsSaidWithoutADaemon() throws {
            let file = folder.file("graftd.yaml").path
            try "threads: 0\nkep: none\nstate: /srv\n".write(toFile: file, atomically: true, encoding: .utf8)
            let wrong = try ProgramRun(
                Programs.graftctl, ["check", "--config", file], environment: ["GRAFTD_LOG_LEVEL": "loud"])
            #expect(wrong.status == 78)
            for words in [
                "threads: expected 1 to 256", "kep (line 2)", "perhaps keep", "logLevel", "3 errors in \(file)",
            ] {
                #expect(wrong.errors.contains(words), "\(wrong.errors)")
            }
            try "# state: /elsewhere\n".write(toFile: file, atomically: true, encoding: .utf8)
            #expect(try ProgramRun(Programs.graftctl, ["check", "--config", file]).status == 0)
            try "state: /srv\n".write(toFile: file, atomically: true, encoding: .utf8)
            let right = try ProgramRun(Programs.graftctl, ["check", "--config", file, "--json"])
            #expect(right.status == 0 && right.output.contains(#""state" : "/srv""#), "\(right.output)")
        }
    }
}
