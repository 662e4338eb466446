import ArgumentParser
import Foundation
import GraftCheckpoint
import GraftClient
import GraftImport
import GraftNetwork
import GraftTensor

/// A network that a command names: a backbone of a state folder, a backbone's file, or an architecture.
struct BackboneReference: ParsableArguments {
    @Argument(help: "A backbone's name, the path of its file, or an architecture.") var network: String
    @Option(help: ArgumentHelp("The state folder that has it.", valueName: "folder")) var state = "/var/lib/graftd"

    /// The path of its file; nil for an architecture.
    private func path() throws -> String? {
        if BackboneName.isUsable(network) {
            let path = "\(state)/backbones/\(network)/backbone.safetensors"
            if FileManager.default.fileExists(atPath: path) { return path }
        }
        if FileManager.default.fileExists(atPath: network) { return network }
        guard Architecture.named(network) == nil else { return nil }
        throw CommandFailure(
            "'\(network)' is neither a backbone in \(state), nor a file, nor an architecture; these are: "
                + Architecture.all.map(\.name).joined(separator: ", "))
    }

    /// The network, with its weights, or with random ones for an architecture unless that will not do.
    ///
    /// - Parameter until: The last block that is wanted, or a stage of them; nil for all.
    func load(until block: String? = nil, allowsRandomWeights: Bool = true) throws -> Backbone {
        do {
            guard let path = try path() else {
                guard allowsRandomWeights else {
                    throw CommandFailure(
                        "'\(network)' is an architecture without weights; bring some with `graftctl backbone import`")
                }
                let architecture = Architecture.named(network)!
                let count = try block.map { try architecture.blocks(called: $0).upperBound }
                return Backbone(
                    randomWeightsFor: count.map(architecture.first) ?? architecture,
                    instructionSet: try .chosen(forced: ProcessInfo.processInfo.environment["GRAFTD_ISA"]))
            }
            let file: SafetensorsFile
            do {
                file = try SafetensorsFile(path: path)
            } catch {
                throw CommandFailure(
                    "\(path) is no backbone's file (\(error)); make one with `graftctl backbone import`")
            }
            let architecture = try Architecture(file.backboneMetadata())
            return try Backbone(file: file, blocks: block.map { try architecture.blocks(called: $0).upperBound })
        } catch let failure as CommandFailure {
            throw failure
        } catch {
            throw CommandFailure("\(network): \(error)")
        }
    }
}
