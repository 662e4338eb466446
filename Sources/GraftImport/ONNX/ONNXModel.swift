import GraftCheckpoint

// The messages of ONNX that a network is made of (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto), as they are in
// the file: names not resolved, nothing checked but the encoding.

/// A file: the graph and the versions of the operators it uses.
struct ONNXModel {
    var irVersion: Int64 = 0
    /// The program that wrote it and its version, e.g. `pytorch 2.13.0`.
    var producer: [String] = []
    /// The version of the operators of each domain; ONNX's own is "".
    var operatorSets: [String: Int64] = [:]
    var graph = ONNXGraph()
    /// The names of the operators that the file defines itself.
    var functions: [String] = []
}

struct ONNXGraph {
    var nodes: [ONNXNode] = []
    var initializers: [ONNXTensor] = []
    var inputs: [ONNXValueInfo] = []
    var outputs: [ONNXValueInfo] = []
}

/// An operator applied to named tensors.
struct ONNXNode {
    /// May be empty, and need not be unique.
    var name = ""
    var operation = ""
    var domain = ""
    /// Tensors by name; "" for one that is left out.
    var inputs: [String] = []
    var outputs: [String] = []
    var attributes: [ONNXAttribute] = []

    /// With its domain, if that is not ONNX's own.
    var operatorName: String { domain.isEmpty ? operation : "\(domain).\(operation)" }

    /// What to call the node in an error: its name, or its output's.
    var label: String { name.isEmpty ? outputs.first { !$0.isEmpty } ?? operation : name }
}

struct ONNXAttribute {
    enum Value {
        case integer(Int64)
        case float(Float)
        case text(String)
        case tensor(ONNXTensor)
        case integers([Int64])
        case floats([Float])
        /// A graph, a sparse tensor, a type…: nothing that a supported operator has.
        case other
    }

    let name: String
    let value: Value
}

/// A graph's input or output.
struct ONNXValueInfo {
    enum Side: Equatable {
        case fixed(Int)
        /// "" if it has no name either.
        case named(String)
    }

    var name = ""
    /// The number of the element type in the format, if it is said.
    var elementType: Int64?
    /// nil if not even the rank is said.
    var shape: [Side]?

    /// E.g. `[batch, 3, 224, 224]`.
    var shapeText: String {
        guard let shape else { return "of unknown rank" }
        let sides = shape.map { side in
            switch side {
            case .fixed(let count): "\(count)"
            case .named(let name): name.isEmpty ? "?" : name
            }
        }
        return "[\(sides.joined(separator: ", "))]"
    }
}
