import GraftCheckpoint

/// What an ONNX file says about itself, for whoever wants to know what it is before importing it.
package struct ONNXDescription: Codable, Sendable, Equatable {
    package struct Port: Codable, Sendable, Equatable {
        package let name: String
        /// E.g. `[batch, 3, 224, 224]`.
        package let shape: String
    }

    package struct Operator: Codable, Sendable, Equatable {
        package let name: String
        package let count: Int
    }

    package struct Initializer: Codable, Sendable, Equatable {
        package let name: String
        /// E.g. `F32`.
        package let elementType: String
        package let shape: [Int]
        /// The file beside this one that holds its elements.
        package let file: String?
    }

    /// The program that wrote it and its version, if it says so.
    package let producer: String
    package let formatVersion: Int64
    /// The version of the operators of each domain.
    package let operatorSets: [String: Int64]
    /// Without initializers.
    package let inputs: [Port]
    package let outputs: [Port]
    /// The most frequent first.
    package let operators: [Operator]
    package let initializers: [Initializer]
    /// The operators that the file defines itself.
    package let functions: [String]
}

/// What the ONNX file says about itself; no tensor is read, nor any file beside it.
///
/// - Throws: `truncated`, `malformed`, `tooLarge` or `badTensor` for a damaged file.
package func describeONNX(_ file: MappedFile) throws(ImportError) -> ONNXDescription {
    let model = try ONNXModel(file)
    let graph = model.graph
    let initializers = Set(graph.initializers.map(\.name))
    func ports(_ infos: [ONNXValueInfo]) -> [ONNXDescription.Port] {
        infos.map { .init(name: $0.name, shape: $0.shapeText) }
    }
    var counts: [String: Int] = [:]
    for node in graph.nodes { counts[node.operatorName, default: 0] += 1 }
    return ONNXDescription(
        producer: model.producer.joined(separator: " "), formatVersion: model.irVersion,
        operatorSets: Dictionary(model.operatorSets.map { ($0.isEmpty ? "ai.onnx" : $0, $1) }) { $1 },
        inputs: ports(graph.inputs.filter { !initializers.contains($0.name) }), outputs: ports(graph.outputs),
        operators: counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map {
            .init(name: $0.key, count: $0.value)
        },
        initializers: graph.initializers.map { tensor in
            var place: String?
            if case .external(let external) = tensor.content { place = external.location }
            return .init(name: tensor.name, elementType: tensor.typeName, shape: tensor.shape, file: place)
        },
        functions: model.functions)
}

/// Whether `file` starts like an ONNX file: with the version of the format, and a field that such a file has next.
package func isONNX(_ file: MappedFile) -> Bool {
    var fields = ProtobufReader(file, range: 0..<file.count)
    guard let version = try? fields.next(), version.number == 1, let number = try? version.integer(),
        (1...64).contains(number), let next = try? fields.next()
    else { return false }
    return [2, 3, 4, 5, 6, 7, 8, 14].contains(next.number)
}
