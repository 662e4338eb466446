import ArgumentParser
import Foundation
import GraftAPI
import GraftClient
import GraftImport

struct BackboneInspectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Show what is in a file of weights, and which architectures it fits.",
        discussion: """
            Reads PyTorch checkpoints, safetensors, ONNX graphs and Keras weights, in this process, and changes nothing.

            Examples:
              graftctl backbone inspect weights.pth
              graftctl backbone inspect model.onnx --tensors
              graftctl backbone inspect weights.h5 --json | jq '.fits[0]'
            """)

    @Argument(help: "A PyTorch, safetensors, ONNX or Keras file.") var file: String
    @Flag(help: "List every tensor.") var tensors = false
    @OptionGroup var output: JSONOption

    func run() async throws {
        let found: Inspection
        do { found = try Inspection(path: file) } catch { throw CommandFailure("\(file): \(error)") }
        if output.json { return try Terminal.print(json: found) }
        print(
            "\(file): \(found.format), \(Words.count(found.tensors.count, "tensor")), "
                + "\(Words.count(found.elementCount, "element")).")
        if let graph = found.graph { show(graph) }
        if tensors { show(found.tensors) }
        show(found.fits, isGraph: found.graph != nil)
    }

    private func show(_ graph: ONNXDescription) {
        for (title, ports) in [("input", graph.inputs), ("output", graph.outputs)] {
            for port in ports { print("\(title) \(port.name.printable) \(port.shape.printable)") }
        }
        let sets = graph.operatorSets.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
        print("written by \(graph.producer.printable), operators of \(sets.joined(separator: ", ").printable):")
        var table = TextTable([.init("operator"), .number("nodes")])
        for kind in graph.operators { table.add(kind.name, "\(kind.count)") }
        Terminal.print(table)
    }

    private func show(_ tensors: [Inspection.Tensor]) {
        var table = TextTable([.init("tensor"), .number("shape"), .init("type")])
        for tensor in tensors {
            table.add(tensor.name, tensor.shape.map(String.init).joined(separator: "x"), tensor.elementType)
        }
        Terminal.print(table)
    }

    private func show(_ fits: [Fit], isGraph: Bool) {
        guard !isGraph else { return print("A graph is an architecture of its own: import it as it is.") }
        guard !fits.isEmpty else { return print("The names are those of no architecture that graftctl knows.") }
        var table = TextTable([
            .init("architecture"), .init("fits"), .number("matched"), .number("missing"), .number("other shape"),
            .number("unexpected"),
        ])
        for fit in fits {
            table.add(
                fit.architecture, fit.isComplete ? "whole" : "in part", "\(fit.matched)", "\(fit.missing)",
                "\(fit.otherShape)", "\(fit.unexpected)")
        }
        Terminal.print(table)
    }
}
