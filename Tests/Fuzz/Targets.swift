import GraftCheckpoint
import GraftImport
import GraftNetwork

/// What reads a file of one format and looks at all that it found; an error is as good an end as any.
typealias Target = @Sendable (MappedFile) -> Void

/// By the names that deploy/fuzz knows. A new format is a line here and a line of seeds there.
let targets: [String: Target] = [
    "torch-zip": readWeights,
    "torch-stream": readWeights,
    "keras": readWeights,
    "onnx": readGraph,
    "safetensors": readSafetensors,
    "backbone": readBackbone,
]

private func readWeights(_ file: MappedFile) {
    guard let stateDict = try? readStateDict(file) else { return }
    var byteTotal = 0
    for name in stateDict.names {
        let tensor = stateDict[name]!
        byteTotal += tensor.bytes.count
        _ = tensor.floats()
    }
    precondition(byteTotal <= 4 * file.count, "\(byteTotal) bytes of tensors from \(file.count) bytes")
}

private func readGraph(_ file: MappedFile) {
    if let description = try? describeONNX(file) {
        for tensor in description.initializers {
            precondition(byteCount(shape: tensor.shape, elementType: .f64) != nil)
        }
    }
    // Without the folder of that name, tensors in other files are missing.
    guard let network = try? readONNX(file, folder: "/nonexistent", side: 32) else { return }
    for parameter in network.blocks.flatMap(\.parameters) {
        precondition(network.weights[parameter.name]?.shape == parameter.shape, "no weights for '\(parameter.name)'")
    }
    // As it travels in a backbone's file.
    guard let read = try? NetworkDescription(json: NetworkDescription(blocks: network.blocks).json),
        let featureCount = try? read.featureCount(side: network.side)
    else { return }
    precondition(featureCount == network.featureCount)
}

private func readSafetensors(_ file: MappedFile) {
    guard let checkpoint = try? SafetensorsFile(file) else { return }
    var byteTotal = 0
    for name in checkpoint.names {
        let shape = try! checkpoint.shape(of: name)
        byteTotal += try! checkpoint.floats(name, shape: shape).count
        try! checkpoint.withFloats(name, shape: shape) { precondition($0.count == shape.reduce(1, *)) }
        _ = try? checkpoint.integers(name, shape: shape)
    }
    precondition(byteTotal <= file.count, "\(byteTotal) elements from \(file.count) bytes")
    _ = checkpoint.stateDict()
}

/// As the daemon reads what it is given as a backbone.
private func readBackbone(_ file: MappedFile) {
    guard let checkpoint = try? SafetensorsFile(file) else { return }
    try? checkpoint.verifyFingerprint()
    _ = try? Backbone(file: checkpoint)
}
