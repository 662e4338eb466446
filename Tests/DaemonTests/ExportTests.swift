import Foundation
import GraftAPI
import GraftCheckpoint
import GraftClient
import GraftImage
import GraftImport
import GraftLearning
import GraftNetwork
import TestSupport
import Testing

extension DaemonTests {
    /// Weights out, from the built daemon through the built graftctl, over a network with random weights.
    @Suite struct ExportTests {
        private static let architecture = Architecture.efficientNetLite0
        private let folder: TemporaryFolder

        init() throws { folder = try TemporaryFolder() }

        /// A daemon with a backbone that was imported from a checkpoint with PyTorch's names.
        private func withDaemon(_ body: (RunningDaemon) async throws -> Void) async throws {
            var checkpoint = StateDict()
            for parameter in Self.architecture.parameters {
                var shape = parameter.shape
                // Random filters are random filters in any order.
                if parameter.layout != .vector { shape = [shape[0], shape[3], shape[1], shape[2]] }
                checkpoint.add(
                    StateTensor(shape: shape, floats: parameter.randomElements()), as: parameter.sources[0].name)
            }
            checkpoint.add(StateTensor(shape: [], integers: [41]), as: "_bn0.num_batches_tracked")
            let path = folder.file("random.safetensors").path
            try SafetensorsWriter.write(checkpoint, to: path)
            try await RunningDaemon.with(backbone: false) { daemon in
                let run = try ProgramRun(
                    Programs.graftctl,
                    ["backbone", "import", path, "--arch", "efficientnet_lite0", "--socket", daemon.socket])
                try #require(run.status == 0, "\(run.errors)")
                try await body(daemon)
            }
        }

        private func export(_ daemon: RunningDaemon, _ arguments: [String]) throws -> ProgramRun {
            try ProgramRun(Programs.graftctl, ["export"] + arguments + ["--socket", daemon.socket])
        }

        /// What the exported state dict says of `image`, by our own importer and engine.
        private func answer(_ path: String, _ image: Data) throws -> [String: Float] {
            let canonical = folder.file("again.safetensors").path
            _ = try importBackbone(
                from: path, ImportOptions(architecture: Self.architecture.name), to: canonical)
            let backbone = try Backbone(file: SafetensorsFile(path: canonical))
            let bytes = [UInt8](image)
            let input = try preprocess(bytes.span, declared: nil, using: backbone.preprocessing)
            let features = ImageFeatures(backbone.features(of: input, in: backbone.makeWorkspaces()))
            let file = try SafetensorsFile(path: path)
            let labels = try JSONDecoder().decode([String].self, from: Data(file.metadata["labels"]!.utf8))
            let head = LinearHead(
                labels: labels.indices.map(Int64.init), featureCount: backbone.featureCount,
                space: try #require(FeatureSpace(rawValue: file.metadata["head.features"]!)),
                weights: try file.floats("_fc.weight", shape: [labels.count, backbone.featureCount]),
                bias: try file.floats("_fc.bias", shape: [labels.count]), temperature: 1)
            return Dictionary(uniqueKeysWithValues: zip(labels, head.probabilities(of: features)))
        }

        /// Colours that any network tells apart, so that every head passes the gate; by label.
        private static let colours: [(label: String, colour: [Double])] = [
            ("red", [220, 60, 60]), ("green", [60, 200, 60]), ("blue", [70, 70, 230]), ("grey", [120, 120, 120]),
        ]

        /// A PPM in `colour`, with noise.
        private static func picture(_ colour: [Double], seed: UInt64) -> Data {
            var generator = SplitMix64(state: seed)
            let level = 0.8 + 0.2 * generator.unit()
            var data = Data("P6\n64 64\n255\n".utf8)
            for _ in 0..<64 * 64 { data += colour.map { UInt8($0 * level + 20 * generator.unit()) } }
            return data
        }

        /// Of every two colours, one picture in between, where answers are in doubt.
        private static var doubtful: [Data] {
            colours.indices.flatMap { a in
                colours.indices.dropFirst(a + 1).map { b in
                    picture(
                        zip(colours[a].colour, colours[b].colour).map { ($0 + $1) / 2 }, seed: UInt64(100 + 10 * a + b))
                }
            }
        }

        private func expectTheSameAnswers(
            _ daemon: RunningDaemon, _ version: Int,
            images: [Data] = TestImages.kinds.map {
                TestImages.ppm(kind: $0, seed: 400)
            }
        ) async throws {
            let path = folder.file("v\(version).safetensors").path
            let run = try export(daemon, ["\(version)", "--output", path])
            #expect(run.status == 0, "\(run.errors)")
            var leastCertain: Float = 1
            for image in images {
                let expected = try await daemon.client.classify(image, mediaType: .ppm, top: 100)
                #expect(expected.model.version == version)
                leastCertain = min(leastCertain, expected.probability)
                let found = try answer(path, image)
                #expect(Set(found.keys) == Set(expected.top.map(\.label)))
                for entry in expected.top {
                    // The same engine: only the temperature is divided out elsewhere, which a steep head enlarges.
                    #expect(abs(found[entry.label]! - entry.probability) < 1e-4, "\(entry.label)")
                }
            }
            #expect(leastCertain < 0.95, "answers of 0 and 1 agree whatever the weights")
        }

        @Test func everyVersionsStateDictGivesTheDaemonsAnswers() async throws {
            try await withDaemon { daemon in
                for (label, colour) in Self.colours {
                    for seed in 1...8 {
                        _ = try await daemon.client.teach(
                            Self.picture(colour, seed: UInt64(seed)), mediaType: .ppm, label: label)
                    }
                }
                try await expectTheSameAnswers(daemon, 0, images: Self.doubtful)
                for features in HeadFeatures.allCases {
                    _ = try await daemon.client.activate(version: 0)
                    let job = try await daemon.client.train(TrainRequest(strategy: .head, features: features))
                    let ended = try await daemon.client.waitForTraining(job.id)
                    try #require(ended.state == .published, "\(ended.message)")
                    let version = try #require(ended.version)
                    let record = try #require(
                        try await daemon.client.versions().versions.first { $0.version == version })
                    #expect(record.features == features)
                    try await expectTheSameAnswers(daemon, version, images: Self.doubtful)
                    // The head is read back from its file, space and all.
                    daemon.stop()
                    try await daemon.start()
                    try await expectTheSameAnswers(daemon, version, images: Self.doubtful)
                }
            }
        }

        @Test func countersAndWeightsAreThoseOfTheImportedCheckpoint() async throws {
            try await withDaemon { daemon in
                try await daemon.teach(perKind: 1)
                let path = folder.file("v0.safetensors").path
                #expect(try export(daemon, ["0", "--output", path]).status == 0)
                let (source, exported) = (
                    try SafetensorsFile(path: folder.file("random.safetensors").path).stateDict(),
                    try SafetensorsFile(path: path).stateDict()
                )
                for name in source.names { #expect(exported[name] == source[name], "\(name)") }
            }
        }

        @Test func labelsFollowWhatBecameOfThem() async throws {
            try await withDaemon { daemon in
                try await daemon.teach(perKind: 8)
                let job = try await daemon.client.train(TrainRequest(strategy: .head))
                let ended = try await daemon.client.waitForTraining(job.id)
                try #require(ended.state == .published, "\(ended.message)")
                _ = try await daemon.client.rename(label: "rings", to: "Ringe")
                _ = try await daemon.client.forget(label: "checks")
                try await expectTheSameAnswers(daemon, try #require(ended.version))

                _ = try await daemon.client.teach(
                    TestImages.ppm(kind: "checks", seed: 300), mediaType: .ppm, label: "late")
                let path = folder.file("late.onnx").path
                let run = try export(daemon, ["1", "--output", path])
                #expect(run.status == 0, "\(run.errors)")
                #expect(run.output.contains("Ringe") && !run.output.contains("rings"))
                #expect(run.output.contains("not in it      late"))
                // ONNX, told by the name's end: a Protocol Buffers message that begins with its format's version.
                #expect([UInt8](try Data(contentsOf: URL(filePath: path)).prefix(2)) == [0x08, 0x08])
                #expect(
                    try FileManager.default.contentsOfDirectory(atPath: folder.url.path).allSatisfy {
                        !$0.hasPrefix(".graftctl")
                    })
            }
        }

        @Test func whatCannotBeExportedIsSaid() async throws {
            try await withDaemon { daemon in
                let path = folder.file("none.safetensors").path
                let none = try export(daemon, ["0", "--output", path])
                #expect(none.status == 1 && none.errors.contains("no label has been taught"))
                try await daemon.teach(perKind: 1)
                let unknown = try export(daemon, ["7", "--output", path])
                #expect(unknown.status == 1 && unknown.errors.contains("7"))
                let nowhere = try export(daemon, ["0", "--output", folder.file("no/such/file").path])
                #expect(nowhere.status == 1 && nowhere.errors.contains("No such file"))
                #expect(!FileManager.default.fileExists(atPath: path))
            }
        }
    }
}
