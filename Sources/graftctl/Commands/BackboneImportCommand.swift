import ArgumentParser
import Foundation
import GraftAPI
import GraftClient
import GraftImage
import GraftImport
import GraftNetwork

struct BackboneImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Turn a checkpoint file into a backbone, and give it to the daemon.",
        discussion: """
            Reads PyTorch checkpoints (.pth, .pt), safetensors, ONNX graphs and Keras weights (.h5, .weights.h5, .keras). \
            The file is read in this process, never in the daemon: weights are matched by name with those of an \
            architecture, the one that they fit unless --arch names it, and the report says which matched; a graph is an \
            architecture of its own. The daemon gets one checked file and answers with the new backbone from then on; this \
            takes an administrator.

            With --partial, what is missing or has another shape in the top starts with random weights. The top begins \
            at --cut; see graftctl backbone blocks.

            How images are prepared is the architecture's custom, unless a config.json of timm or a \
            preprocessor_config.json of transformers lies beside the file, or --config names one; the options below are \
            stronger than either.

            Samples that were taught before are extracted again where their image was kept (the daemon's setting keep); \
            the rest stays with its backbone and answers again when that is imported again.

            --state writes into the state folder of a daemon that does not run, for instance while an image of a \
            system is built.

            Examples:
              graftctl backbone import efficientnet-lite0.pth
              graftctl backbone import weights.safetensors --arch resnet18 --name shop
              graftctl backbone import weights.safetensors --size 160
              graftctl backbone import model.onnx --name graph --mean 0.5,0.5,0.5 --std 0.5,0.5,0.5
              graftctl backbone import efficientnet-lite0.pth --state ./state
            """)

    @Argument(help: "A PyTorch, safetensors, ONNX or Keras file.") var file: String
    @Option(name: [.customLong("arch")], help: ArgumentHelp("The network that the weights are of.", valueName: "name"))
    var architecture: String?
    @Option(help: "The backbone's name; the architecture's, or that of a graph's file, unless given.") var name: String?
    @Flag(help: "Let missing blocks of the top start fresh.") var partial = false
    @Option(help: ArgumentHelp("The first block of the top.", valueName: "block")) var cut: String?
    @OptionGroup(title: "How images are prepared") var preprocessing: PreprocessingOptions
    @Option(help: ArgumentHelp("The state folder of a stopped daemon.", valueName: "folder")) var state: String?
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: JSONOption

    func validate() throws {
        for name in [name, architecture].compactMap(\.self) {
            guard BackboneName.isUsable(name) else {
                throw ValidationError(
                    "A name has 1 to 64 letters, digits, dots, dashes and underscores and does not begin with a dot; "
                        + "'\(name)' does not fit.")
            }
        }
        guard state == nil || connection.socket == nil else {
            throw ValidationError("Give either --socket or --state.")
        }
        guard cut == nil || partial else { throw ValidationError("--cut says what may start fresh, with --partial.") }
    }

    func run() async throws {
        if let state {
            let folder = try StoppedState(folder: state)
            try await withConverted { imported, canonical in
                let path = try folder.placeBackbone(backboneName(imported)) { try move(canonical, to: $0) }
                try show(imported, backbone: nil)
                if !output.json { print("\(path) is in place; the daemon loads it when it starts.") }
            }
        } else {
            let socket = try connection.path()
            try await GraftClient.withClient(socket: socket) { client in
                // Asked first, so that nobody waits for a conversion that has nowhere to go.
                _ = try await client.status()
                try await withConverted { imported, canonical in
                    let record = try await client.putBackbone(backboneName(imported), file: canonical)
                    try show(imported, backbone: record)
                    guard !output.json else { return }
                    print(
                        "Backbone \(record.name) is \(record.loaded ? "loaded" : "stored"): \(record.featureCount) "
                            + "features of \(record.imageSide) x \(record.imageSide) images, fingerprint "
                            + "\(record.fingerprint.prefix(12)).")
                    if let words = try await client.status().extractionWords {
                        print("Of what was taught before: \(words). graftctl status shows how it goes on.".printable)
                    }
                }
            }
        }
    }

    /// A graph has no name of its own: that of its file is the better one.
    private func backboneName(_ imported: ImportedBackbone) -> String {
        if let name { return name }
        let stem = URL(filePath: file).deletingPathExtension().lastPathComponent
        let isKnown = Architecture.named(imported.architecture.name) != nil
        return isKnown || !BackboneName.isUsable(stem) ? imported.architecture.name : stem
    }

    /// Converts the file, and lends the canonical one.
    private func withConverted(_ body: (ImportedBackbone, _ canonical: String) async throws -> Void) async throws {
        // Beside the state, where there is room for it and a rename will do.
        let parent = state.map { URL(filePath: $0) } ?? FileManager.default.temporaryDirectory
        try await withPassingFolder(in: parent, prefix: ".import-") { folder in
            let canonical = folder.appending(path: "backbone.safetensors").path
            try await body(try convert(to: canonical), canonical)
        }
    }

    private func convert(to canonical: String) throws -> ImportedBackbone {
        do {
            return try importBackbone(from: file, options, to: canonical)
        } catch {
            // What matched and what did not is the answer, the more so where it is no.
            if case .incomplete(let report, _) = error {
                if output.json { try Terminal.print(json: ["report": report]) } else { show(report) }
            }
            throw CommandFailure("\(file): \(error)")
        }
    }

    private var options: ImportOptions {
        var options = ImportOptions()
        options.architecture = architecture
        options.preprocessing = preprocessing.changes
        options.configurations = preprocessing.config.isEmpty ? nil : preprocessing.config
        options.isPartial = partial
        options.cut = cut
        return options
    }

    private func move(_ source: String, to destination: String) throws {
        guard rename(source, destination) == 0 else {
            throw CommandFailure("cannot move the backbone to '\(destination)': \(String(cString: strerror(errno)))")
        }
    }

    private func show(_ imported: ImportedBackbone, backbone: BackboneRecord?) throws {
        let (report, preprocessing) = (imported.report, imported.architecture.preprocessing)
        if output.json {
            struct Imported: Encodable {
                var report: ImportReport
                var preprocessing: Preprocessing
                var backbone: BackboneRecord?
            }
            return try Terminal.print(json: Imported(report: report, preprocessing: preprocessing, backbone: backbone))
        }
        show(report)
        func list(_ numbers: [Float]) -> String { numbers.map { "\($0)" }.joined(separator: ",") }
        print(
            "\(imported.architecture.name), images resized to \(preprocessing.resizeShorterSide) "
                + "(\(preprocessing.interpolation.rawValue)), the middle \(preprocessing.cropSide) x "
                + "\(preprocessing.cropSide), \(preprocessing.channelOrder.rawValue), mean \(list(preprocessing.mean)), "
                + "deviation \(list(preprocessing.standardDeviation)).")
        for note in report.notes { print("Note: \(note.printable).") }
    }

    private func show(_ report: ImportReport) {
        var table = TextTable([.init("weights"), .number("tensors"), .init("which")])
        for (title, names) in [
            ("matched", report.matched), ("missing", report.missing), ("of another shape", report.otherShape),
            ("fresh", report.fresh), ("classifier, not used", report.unusedClassifier),
            ("only for training", report.ignored), ("unexpected", report.unexpected),
        ] where !names.isEmpty {
            let few = names.prefix(4).joined(separator: ", ") + (names.count > 4 ? ", ..." : "")
            table.add(title, "\(names.count)", few)
        }
        Terminal.print(table)
    }
}
