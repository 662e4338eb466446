import ArgumentParser
import Foundation
import GraftAPI
import GraftClient
import GraftExport

struct ExportCommand: DaemonCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write a version, backbone and head, for PyTorch or ONNX Runtime.",
        discussion: """
            safetensors: the tensors under the names of the checkpoint that was imported, as load_state_dict \
            (strict=True) takes them, the head in the place of the classifier. A version that was trained with \
            --features plain is then a plain linear layer; any other sees the square roots of its features, and the \
            printed lines show how to put that into the module.
            onnx: a graph from an image to probabilities, with any head.

            Version 0 is the analytic head as it is now. A version answers its own labels: those that were taught \
            since it was trained are only answered by the daemon, and are listed.

            Examples:
              graftctl export 3
              graftctl export 3 --output graftd-v3.onnx
              graftctl export 0 --format onnx
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable {
        case safetensors, onnx
    }

    @Argument(help: "The version's number, as graftctl versions lists it.") var version: Int
    @Option(help: "safetensors or onnx; what the file's name ends in, unless given.") var format: Format?
    @Option(help: ArgumentHelp("Where to write; graftd-vN.safetensors, unless given.", valueName: "file"))
    var output: String?
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var json: JSONOption

    private var chosenFormat: Format {
        format ?? output.flatMap { Format(rawValue: URL(filePath: $0).pathExtension.lowercased()) } ?? .safetensors
    }

    private var path: String { output ?? "graftd-v\(version).\(chosenFormat.rawValue)" }

    func validate() throws {
        guard version >= 0 else { throw ValidationError("Versions count from 0, so \(version) is none.") }
    }

    func run(_ client: GraftClient) async throws {
        // Beside the result, where there is room for it.
        let folder = URL(filePath: path).deletingLastPathComponent()
        let received = folder.appending(path: ".graftctl-\(UUID().uuidString).safetensors").path
        defer { try? FileManager.default.removeItem(atPath: received) }
        try await client.export(version: version, to: received)
        let record: Record
        do throws(ExportError) {
            let model = try ExportedModel(path: received)
            switch chosenFormat {
            case .safetensors:
                let export = TorchExport(model)
                try export.write(to: path)
                record = Record(model, path: path, names: export.origin, snippet: export.snippet(path: path))
            case .onnx:
                let export = ONNXExport(model)
                try export.write(to: path)
                record = Record(model, path: path, names: nil, snippet: export.snippet(path: path))
            }
        } catch {
            throw CommandFailure("version \(version) was not exported: \(error)")
        }
        json.json ? try Terminal.print(json: record) : record.show()
    }
}

/// What was written.
private struct Record: Encodable {
    var file: String
    var version: Int
    var revision: Int
    /// In the order of the outputs.
    var labels: [String]
    var missingLabels: [String]
    var features: String
    var preprocessing: String
    /// Where the tensors' names are from.
    var names: String?
    var snippet: String

    init(_ model: ExportedModel, path: String, names: String?, snippet: String) {
        file = path
        version = model.metadata.version
        revision = model.metadata.revision
        labels = model.labels
        missingLabels = model.metadata.missingLabels
        features = model.features
        preprocessing = model.preprocessingSteps
        self.names = names
        self.snippet = snippet
    }

    func show() {
        print("\(file.printable): version \(version), revision \(revision), over \(features) features")
        if let names { print("tensor names   \(names.printable)") }
        print("image          \(preprocessing)")
        print("outputs        " + labels.map(\.printable).joined(separator: ", "))
        if !missingLabels.isEmpty {
            let list = missingLabels.map(\.printable).joined(separator: ", ")
            print("not in it      \(list) (only the daemon answers them; graftctl train makes a version that may)")
        }
        print()
        print(snippet)
    }
}
