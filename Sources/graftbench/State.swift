import ArgumentParser
import Foundation
import GraftCheckpoint
import GraftLearning
import GraftNetwork
import GraftStore

/// A state folder as a daemon has it that was taught for long.
struct State: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Fills a state folder with made-up samples of its backbone.",
        discussion: """
            The folder has a backbone, as graftctl backbone import --state leaves it, and no daemon runs on it. The samples \
            are what the daemon would have kept but for images and latents: graftbench state DIR --samples 100000 --labels 1000
            """)

    @Argument(help: "The state folder.", completion: .directory) var folder: String
    @Option(help: "Samples.") var samples = 1_250
    @Option(help: "Labels.") var labels = 25
    @Option(help: "What the samples are drawn from; the same gives the same features.") var seed: UInt64 = 1

    func validate() throws {
        guard labels > 0, samples >= labels else {
            throw ValidationError("--labels is at least 1, and --samples at least as many")
        }
    }

    func run() async throws {
        let file = try backboneFile()
        let fingerprint = try file.backboneMetadata().fingerprint
        let featureCount = try Architecture(file.backboneMetadata()).featureCount
        let names = try (0..<labels).map { try LabelName(checking: "label \($0)") }
        var generator = SplitMix64(seed: seed)
        let centres = (0..<labels).map { _ in
            (0..<featureCount).map { _ in Int16.random(in: 0..<1_500, using: &generator) }
        }
        let store = try Store(folder: folder, access: .writer)
        for first in stride(from: 0, to: samples, by: Self.transaction) {
            let taught = (first..<min(first + Self.transaction, samples)).map { sample in
                // So much noise that no two samples are near-duplicates, and that labels are told apart with some errors.
                let features = RootFeatures(
                    values: centres[sample % labels].map { $0 &+ Int16(truncatingIfNeeded: generator.next() & 0xFFF) })
                return NewSample(
                    label: names[sample % labels], digest: sha256(of: Array("\(seed) \(sample)".utf8)).bytes,
                    group: nil,
                    fingerprint: fingerprint, features: features.values, prediction: nil, relabels: false,
                    sketch: FeatureSketch(features).bytes)
            }
            _ = try await store.teach(taught)
        }
        try store.close()
        print("\(samples) samples x \(featureCount) features x \(labels) labels in \(folder)")
    }

    /// Samples that become durable together.
    private static let transaction = 1_000

    private func backboneFile() throws -> SafetensorsFile {
        let backbones = URL(filePath: folder).appending(path: "backbones")
        let names = (try? FileManager.default.contentsOfDirectory(atPath: backbones.path)) ?? []
        guard names.count == 1 else {
            throw ValidationError("expected one backbone in \(backbones.path), found \(names.count)")
        }
        return try SafetensorsFile(path: backbones.appending(path: "\(names[0])/backbone.safetensors").path)
    }
}
