import Foundation
import GraftAPI
import GraftCheckpoint
import GraftClient
import GraftImport
import GraftManual
import GraftNetwork
import TestSupport
import Testing

extension DaemonTests {
    /// Every example in the help of graftctl, run by a shell against a daemon.
    @Suite struct ExampleTests {
        /// A folder with all that examples name, and what a shell needs to run them.
        private let folder: TemporaryFolder

        init() throws { folder = try TemporaryFolder() }

        private static func help() throws -> [(words: [String], command: CommandHelp)] {
            let run = try ProgramRun(Programs.graftctl, ["--experimental-dump-help"])
            return try CommandHelp(dump: run.output).all()
        }

        @Test func everyCommandHasAnExampleOfItself() throws {
            for (words, command) in try Self.help() where words.count > 1 {
                let examples = Discussion(command.discussion ?? "").examples
                let name = words.joined(separator: " ")
                #expect(
                    examples.contains { $0.contains(name) || $0.contains(words.dropLast().joined(separator: " ")) },
                    "\(name) has none")
                for example in examples { #expect(example.contains("graftctl"), "\(example)") }
            }
        }

        private func write(_ data: Data, _ path: String) throws {
            let file = folder.file(path)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try data.write(to: file)
        }

        /// The files that examples name. Images are told by their content, so a PPM does for any.
        private func makeFiles() throws {
            for (index, name) in ["holiday.jpg", "camera.jpg", "cat1.jpg", "cat2.jpg", "a.png", "b.png"].enumerated() {
                try write(TestImages.ppm(kind: "rings", seed: UInt64(500 + index)), name)
            }
            try write(TestImages.ppm(kind: "ramps", seed: 600), "empty-table.jpg")
            for (label, kind) in [("cat", "blobs"), ("dog", "stripes"), ("kitten", "checks")] {
                for seed in 1...12 {
                    try write(TestImages.ppm(kind: kind, seed: UInt64(seed)), "photos/\(label)/\(seed).jpg")
                }
                for seed in 100...102 {
                    try write(TestImages.ppm(kind: kind, seed: UInt64(seed)), "photos-held-out/\(label)/\(seed).jpg")
                    try write(TestImages.ppm(kind: "blobs", seed: UInt64(seed + 100)), "burst/\(seed).jpg")
                }
            }
            try FileManager.default.removeItem(at: folder.file("photos-held-out/kitten"))
            try write(Data("keep: thumbnail\n".utf8), "graftd.yaml")
            let weights = try #require(Programs.weights)
            for name in ["efficientnet-lite0.pth", "weights.pth"] {
                try FileManager.default.createSymbolicLink(
                    at: folder.file(name), withDestinationURL: URL(filePath: weights))
            }
            for (name, fixture) in [
                ("model.onnx", "onnx/basic.torchscript17.onnx"), ("weights.h5", "keras/3.15.1.weights.h5"),
            ] { try write(Data(contentsOf: Fixture.url(fixture)), name) }
            try writeCheckpoint("weights.safetensors")
            for name in ["state", "restored"] {
                try FileManager.default.createDirectory(at: folder.file(name), withIntermediateDirectories: true)
            }
            let imported = try ProgramRun(
                Programs.graftctl,
                [
                    "backbone", "import", folder.file("weights.safetensors").path, "--name", "shop", "--state",
                    folder.file("state").path,
                ])
            try #require(imported.status == 0, "\(imported.errors)")
            let pixels = (0..<224 * 224 * 3).map { Float($0 % 255) / 255 }
            try NumPyArray(shape: [1, 224, 224, 3], elements: pixels).write(to: folder.file("images.npy").path)
            try NumPyArray(shape: [1, 3, 224, 224], elements: pixels).write(to: folder.file("x.npy").path)
        }

        /// A checkpoint of a ResNet-18 with random weights, under the names of torchvision.
        private func writeCheckpoint(_ name: String) throws {
            var checkpoint = StateDict()
            for parameter in try #require(Architecture.named("resnet18")).parameters {
                var shape = parameter.shape
                // Random filters are random filters in any order.
                if parameter.layout != .vector { shape = [shape[0], shape[3], shape[1], shape[2]] }
                checkpoint.add(
                    StateTensor(shape: shape, floats: parameter.randomElements()), as: parameter.sources[0].name)
            }
            try SafetensorsWriter.write(checkpoint, to: folder.file(name).path)
        }

        /// What `line` prints, run by bash in the folder, with graftctl on the path and the daemon's socket in the
        /// environment. A pipe fails if one of its commands does.
        private func shell(_ line: String, _ daemon: RunningDaemon) throws -> ProgramRun {
            try ProgramRun(
                URL(filePath: "/bin/bash"), ["-c", "set -o pipefail; cd '\(folder.url.path)' && \(line)"],
                environment: [
                    "PATH": "\(Programs.folder.path):/usr/bin:/bin", "GRAFTD_SOCKET": daemon.socket,
                    "GRAFTD_STATE": daemon.state,
                ])
        }

        /// What must be so before an example.
        private func prepare(_ example: String, after last: String, _ daemon: RunningDaemon) async throws {
            let client = daemon.client
            // One job at a time: each example has the trainer to itself.
            if try await client.trainJob()?.state == .running { _ = try await client.cancelTraining() }
            if example.contains("train --cancel") { _ = try await client.train(TrainRequest(strategy: .top)) }
            if example.contains("labels rename") { _ = try? await client.forget(label: "house cat") }
            let changes = ["teach", "rename", "merge", "delete", "relabel", "backbone import"]
            guard changes.contains(where: { last.contains($0) || example.contains($0) }) else { return }
            // The backbone that examples are about, and everything that is taught under it.
            for line in [
                "graftctl backbone import efficientnet-lite0.pth", "graftctl teach --from photos/ --relabel",
                "graftctl teach --negative empty-table.jpg",
            ] {
                if line.contains("import"), try await client.status().backbone?.name == "efficientnet_lite0" {
                    continue
                }
                let again = try shell(line, daemon)
                // Taught by an example under another label, which stays.
                #expect(again.status == 0 || again.errors.contains("known under another label"), "\(again.errors)")
            }
        }

        @Test(.enabled(if: Programs.weights != nil, Programs.weightsCondition), .timeLimit(.minutes(10)))
        func everyExampleDoesWhatItSays() async throws {
            try makeFiles()
            try await RunningDaemon.with(configuration: "trainAutomatically: off\nkeep: thumbnail\n") { daemon in
                try await teachAndTrain(daemon)
                var last = "teach"
                // Exports first: the labels of their versions are renamed, merged and deleted by others.
                let commands = try Self.help()
                let exports = commands.filter { $0.words.contains("export") }
                let ordered = exports + commands.filter { !$0.words.contains("export") }
                let examples = ordered.flatMap { Discussion($0.command.discussion ?? "").examples }
                // And last what deletes versions, which others name.
                let isLast = { (example: String) in example.contains("--purge") }
                for example in examples.filter({ !isLast($0) }) + examples.filter(isLast) {
                    try await prepare(example, after: last, daemon)
                    last = example
                    let start = ContinuousClock.now
                    let run = try shell(example, daemon)
                    #expect(run.status == 0, "\(example)\n\(run.output)\(run.errors)")
                    try await expectTrainingGoesOn(example, daemon)
                    let time = ContinuousClock.now - start
                    if time > .seconds(5) { print("\(example): \(time)") }
                }
            }
        }

        /// A job that an example only starts can still turn out to be none.
        private func expectTrainingGoesOn(_ example: String, _ daemon: RunningDaemon) async throws {
            guard example.contains("graftctl train"), !example.contains("--cancel") else { return }
            for _ in 0..<100 {
                guard let job = try await daemon.client.trainJob(), job.state == .running, job.progress < 0.1 else {
                    break
                }
                try await Task.sleep(for: .milliseconds(50))
            }
            let job = try await daemon.client.trainJob()
            #expect(job?.state != .failed, "\(example): \(job?.message ?? "")")
        }

        /// Versions 1 to 7, so that examples can name any of them.
        private func teachAndTrain(_ daemon: RunningDaemon) async throws {
            let taught = try shell("graftctl teach --from photos/", daemon)
            try #require(taught.status == 0, "\(taught.errors)")
            for seed in UInt64(1)...7 {
                _ = try await daemon.client.activate(version: 0)
                let job = try await daemon.client.train(TrainRequest(strategy: .head, seed: seed))
                let ended = try await daemon.client.waitForTraining(job.id)
                try #require(ended.state == .published, "\(ended.message)")
            }
        }
    }
}
