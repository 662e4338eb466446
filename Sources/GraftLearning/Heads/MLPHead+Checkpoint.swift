package import GraftCheckpoint

/// A head with a hidden layer as the tensors of a version's file.
extension MLPHead {
    private enum Name {
        static let hiddenWeights = "head.hidden.weight"
        static let hiddenBias = "head.hidden.bias"
    }

    /// The tensors of a ``LinearHead`` over the hidden layer, and that layer's: weights `[H, D]` and bias `[H]`.
    package func stateDict() -> StateDict {
        var tensors = output.stateDict()
        tensors.add(StateTensor(shape: [hiddenCount, featureCount], floats: hiddenWeights), as: Name.hiddenWeights)
        tensors.add(StateTensor(shape: [hiddenCount], floats: hiddenBias), as: Name.hiddenBias)
        return tensors
    }

    /// What the file's metadata say of the head: over which features it is.
    package var metadata: [String: String] { output.metadata }

    /// What answers above the hidden layer.
    private var output: LinearHead {
        LinearHead(
            labels: labels, featureCount: hiddenCount, space: space, weights: weights, bias: bias,
            temperature: temperature)
    }

    /// Whether the head in `file` has a hidden layer.
    static func isPresent(in file: SafetensorsFile) -> Bool { file.names.contains(Name.hiddenWeights) }

    /// The head in a version's file.
    ///
    /// - Throws: what is missing or of another shape; `malformed` for values that no head has.
    package init(file: SafetensorsFile, featureCount: Int) throws(CheckpointError) {
        let count = try file.shape(of: Name.hiddenWeights).first ?? 0
        let output = try LinearHead(file: file, featureCount: count)
        let hiddenWeights = try file.floats(Name.hiddenWeights, shape: [count, featureCount])
        let hiddenBias = try file.floats(Name.hiddenBias, shape: [count])
        guard hiddenWeights.allSatisfy(\.isFinite), hiddenBias.allSatisfy(\.isFinite) else {
            throw .malformed(detail: "a weight of the head's hidden layer is no finite number")
        }
        self.init(
            labels: output.labels, featureCount: featureCount, space: output.space, hiddenWeights: hiddenWeights,
            hiddenBias: hiddenBias, weights: output.weights, bias: output.bias, temperature: output.temperature)
    }
}
