import ArgumentParser
import Foundation
import GraftAPI
import GraftClient
import GraftImport

struct BackboneImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Turn a checkpoint file into a backbone, and give it to the daemon.",
        discussion: """
            The checkpoint is read in this process, never in the daemon: its weights are matched by name with those \
            of the architecture, and the report says which matched. The daemon gets one checked file and answers \
            with the new backbone from then on; this takes an administrator.

            --state writes into the state folder of a daemon that does not run, for instance while an image of a \
            system is built.

            Examples:
              graftctl backbone import efficientnet-lite0.pth
              graftctl backbone import weights.safetensors --arch efficientnet_lite0 --name shop
              graftctl backbone import efficientnet-lite0.pth --state /var/lib/graftd
            """)

    @Argument(help: "A PyTorch or safetensors checkpoint.") var file: String
    @Option(name: [.customLong("arch")], help: ArgumentHelp("The network that the weights are of.", valueName: "name"))
    var architecture = "efficientnet_lite0"
    @Option(help: "The backbone's name; the architecture's, unless given.") var name: String?
    @Option(help: ArgumentHelp("The state folder of a stopped daemon.", valueName: "folder")) var state: String?
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: JSONOption

    private var backboneName: String { name ?? architecture }

    func validate() throws {
        guard BackboneName.isUsable(backboneName) else {
            throw ValidationError(
                "A backbone's name has 1 to 64 letters, digits, dots, dashes and underscores and does not begin with "
                    + "a dot; '\(backboneName)' does not fit.")
        }
        guard state == nil || connection.socket == nil else {
            throw ValidationError("Give either --socket or --state.")
        }
    }

    func run() async throws {
        if let state {
            let folder = try StoppedState(folder: state)
            var report: ImportReport?
            let path = try folder.placeBackbone(backboneName) { report = try convert(to: $0) }
            try show(report, backbone: nil)
            if !output.json { print("\(path) is in place; the daemon loads it when it starts.") }
        } else {
            let socket = try connection.path()
            try await GraftClient.withClient(socket: socket) { client in
                // Asked first, so that nobody waits for a conversion that has nowhere to go.
                _ = try await client.status()
                try await send(to: client)
            }
        }
    }

    private func send(to client: GraftClient) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "graftctl-\(UUID().uuidString)")
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        defer { try? FileManager.default.removeItem(at: folder) }
        let canonical = folder.appending(path: "backbone.safetensors").path
        let report = try convert(to: canonical)
        let record = try await client.putBackbone(backboneName, file: canonical)
        try show(report, backbone: record)
        guard !output.json else { return }
        print(
            "Backbone \(record.name) is \(record.loaded ? "loaded" : "stored"): \(record.featureCount) features of "
                + "\(record.imageSide) x \(record.imageSide) images, fingerprint \(record.fingerprint.prefix(12)).")
    }

    /// Writes the canonical file of the checkpoint to `path`.
    private func convert(to path: String) throws -> ImportReport {
        do {
            return try importBackbone(from: file, architecture: architecture, to: path)
        } catch {
            throw CommandFailure("\(file): \(error)")
        }
    }

    private func show(_ report: ImportReport?, backbone: BackboneRecord?) throws {
        guard let report else { return }
        if output.json {
            struct Imported: Encodable {
                var report: ImportReport
                var backbone: BackboneRecord?
            }
            return try Terminal.print(json: Imported(report: report, backbone: backbone))
        }
        var table = TextTable([.init("weights"), .number("tensors"), .init("which")])
        for (title, names) in [
            ("matched", report.matched), ("missing", report.missing), ("of another shape", report.otherShape),
            ("classifier, not used", report.unusedClassifier), ("only for training", report.ignored),
            ("unexpected", report.unexpected),
        ] where !names.isEmpty {
            let few = names.prefix(4).joined(separator: ", ") + (names.count > 4 ? ", ..." : "")
            table.add(title, "\(names.count)", few)
        }
        Terminal.print(table)
    }
}
