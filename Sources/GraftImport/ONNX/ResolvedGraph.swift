/// A graph whose tensors are numbers: every name is defined once, what is used is defined, nodes come after those whose
/// outputs they use, and all of them lead to the output.
struct ResolvedGraph {
    struct Node {
        /// With its domain, if that is not ONNX's own.
        let operation: String
        /// What errors call it.
        let label: String
        /// nil for an input that is left out.
        let inputs: [Int?]
        /// nil for an output that is left out.
        let outputs: [Int?]
        let attributes: [String: ONNXAttribute.Value]
    }

    /// The tensors' names.
    let names: [String]
    let initializers: [Int: ONNXTensor]
    let input: ONNXValueInfo
    let inputTensor: Int
    /// The graph's first output; others are not followed.
    let output: Int
    let nodes: [Node]
    /// The names of the operators that the file defines itself.
    let functions: Set<String>

    /// The versions of ONNX's operators that are read. Older ones mean other things by the same names.
    static let versions: ClosedRange<Int64> = 7...28

    /// - Throws: `malformed` for a graph that is none, or has not one image as its input; `unsupportedOperatorVersion`.
    init(_ model: ONNXModel) throws(ImportError) {
        try Self.checkVersion(model)
        let graph = model.graph
        guard let output = graph.outputs.first else { throw .malformed(detail: "the graph has no output") }

        var definitions = Definitions()
        var initializers: [Int: ONNXTensor] = [:]
        for tensor in graph.initializers { initializers[try definitions.define(tensor.name)] = tensor }
        // Old files list the initializers among the inputs too.
        var inputs: [Int: ONNXValueInfo] = [:]
        for input in graph.inputs where definitions[input.name] == nil {
            inputs[try definitions.define(input.name)] = input
        }
        let outputsOfNodes = try graph.nodes.map { node throws(ImportError) in
            try node.outputs.map { name throws(ImportError) in name.isEmpty ? nil : try definitions.define(name) }
        }
        var nodes: [Node] = []
        for (node, outputs) in zip(graph.nodes, outputsOfNodes) {
            let inputs = try node.inputs.map { name throws(ImportError) -> Int? in
                if name.isEmpty { return nil }
                if let tensor = definitions[name] { return tensor }
                throw .malformed(detail: "node '\(node.label)' uses tensor '\(name)', which nothing defines")
            }
            let attributes = Dictionary(node.attributes.map { ($0.name, $0.value) }) { $1 }
            nodes.append(
                Node(
                    operation: node.operatorName, label: node.label, inputs: inputs, outputs: outputs,
                    attributes: attributes))
        }
        guard let outputTensor = definitions[output.name] else {
            throw .malformed(detail: "nothing defines the graph's output '\(output.name)'")
        }
        names = definitions.names
        functions = Set(model.functions)
        (self.nodes, self.initializers, self.output) = (
            try Self.leading(to: outputTensor, of: try Self.ordered(nodes, tensors: names.count)), initializers,
            outputTensor
        )
        (inputTensor, input) = try Self.input(of: self.nodes, among: inputs)
    }

    private static func checkVersion(_ model: ONNXModel) throws(ImportError) {
        guard let version = model.operatorSets[""] else {
            throw .malformed(detail: "the file does not say which version of ONNX's operators it uses")
        }
        guard versions.contains(version) else {
            throw .unsupportedOperatorVersion(found: version, supported: versions)
        }
    }

    /// The names of tensors, each defined once.
    private struct Definitions {
        private(set) var names: [String] = []
        private var numbers: [String: Int] = [:]

        subscript(name: String) -> Int? { numbers[name] }

        mutating func define(_ name: String) throws(ImportError) -> Int {
            guard numbers.updateValue(names.count, forKey: name) == nil else {
                throw .malformed(detail: "tensor '\(name)' is defined twice")
            }
            names.append(name)
            return names.count - 1
        }
    }

    /// The nodes, each after those whose outputs it uses: in the file's order where that is one.
    ///
    /// - Throws: `malformed` for a cycle.
    private static func ordered(_ nodes: [Node], tensors: Int) throws(ImportError) -> [Node] {
        var makers = [Int?](repeating: nil, count: tensors)
        for (i, node) in nodes.enumerated() { for output in node.outputs.compactMap(\.self) { makers[output] = i } }
        var users = [[Int]](repeating: [], count: nodes.count)
        var missing = [Int](repeating: 0, count: nodes.count)
        var isInOrder = true
        for (i, node) in nodes.enumerated() {
            for maker in node.inputs.compactMap({ $0.flatMap { makers[$0] } }) {
                users[maker].append(i)
                missing[i] += 1
                isInOrder = isInOrder && maker < i
            }
        }
        if isInOrder { return nodes }

        var order = nodes.indices.filter { missing[$0] == 0 }
        var next = 0
        while next < order.count {
            for user in users[order[next]] {
                missing[user] -= 1
                if missing[user] == 0 { order.append(user) }
            }
            next += 1
        }
        guard order.count == nodes.count else {
            let node = nodes.indices.first { missing[$0] > 0 }!
            throw .malformed(detail: "the graph has a cycle, at or before node '\(nodes[node].label)'")
        }
        return order.map { nodes[$0] }
    }

    /// Those of the nodes, which are in order, that `output` depends on.
    private static func leading(to output: Int, of nodes: [Node]) throws(ImportError) -> [Node] {
        var wanted: Set<Int> = [output]
        var leading: [Node] = []
        for node in nodes.reversed() where node.outputs.contains(where: { $0.map(wanted.contains) ?? false }) {
            wanted.formUnion(node.inputs.compactMap(\.self))
            leading.append(node)
        }
        return leading.reversed()
    }

    private static func input(
        of nodes: [Node], among inputs: [Int: ONNXValueInfo]
    ) throws(ImportError) -> (tensor: Int, input: ONNXValueInfo) {
        let used = Set(nodes.flatMap { $0.inputs.compactMap(\.self) }).filter { inputs[$0] != nil }
        guard used.count == 1, let tensor = used.first else {
            let names = used.map { "'\(inputs[$0]!.name)'" }.sorted()
            throw .malformed(
                detail: "the graph's first output depends on \(names.isEmpty ? "no input" : "the inputs ")"
                    + "\(names.prefix(5).joined(separator: ", ")), expected one, an image")
        }
        return (tensor, inputs[tensor]!)
    }
}

extension ResolvedGraph.Node {
    /// The attribute's value, or nil if it is left out.
    ///
    /// - Throws: `malformed` for one of another kind.
    func integer(_ name: String) throws(ImportError) -> Int64? {
        switch attributes[name] {
        case nil: nil
        case .integer(let value): value
        default: throw mistaken(name, "an integer")
        }
    }

    func integers(_ name: String) throws(ImportError) -> [Int64]? {
        switch attributes[name] {
        case nil: nil
        case .integers(let values): values
        default: throw mistaken(name, "a list of integers")
        }
    }

    func float(_ name: String) throws(ImportError) -> Double? {
        switch attributes[name] {
        case nil: nil
        case .float(let value): Double(value)
        default: throw mistaken(name, "a number")
        }
    }

    func text(_ name: String) throws(ImportError) -> String? {
        switch attributes[name] {
        case nil: nil
        case .text(let value): value
        default: throw mistaken(name, "a text")
        }
    }

    private func mistaken(_ name: String, _ expected: String) -> ImportError {
        .malformed(detail: "attribute '\(name)' should be \(expected)")
    }
}
