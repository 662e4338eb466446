package import GraftCheckpoint

/// A head as the tensors of a version's file.
extension LinearHead {
    private enum Name {
        static let weights = "head.weight"
        static let bias = "head.bias"
        static let labels = "head.labels"
        static let temperature = "head.temperature"
        static let features = "head.features"
    }

    /// The head's tensors: weights `[L, D]`, bias `[L]`, label ids `[L]`, temperature `[1]`.
    package func stateDict() -> StateDict {
        [
            Name.labels: StateTensor(shape: [labels.count], integers: labels),
            Name.weights: StateTensor(shape: [labels.count, featureCount], floats: weights),
            Name.bias: StateTensor(shape: [labels.count], floats: bias),
            Name.temperature: StateTensor(shape: [1], floats: [temperature]),
        ]
    }

    /// What the file's metadata say of the head: over which features it is.
    package var metadata: [String: String] { [Name.features: space.rawValue] }

    /// The head in a version's file. Without an entry in the metadata it is one over roots: older files have none.
    ///
    /// - Throws: what is missing or of another shape; `malformed` for values that no head has.
    package init(file: SafetensorsFile, featureCount: Int) throws(CheckpointError) {
        let count = try file.shape(of: Name.labels).first ?? 0
        let labels = try file.integers(Name.labels, shape: [count])
        let weights = try file.floats(Name.weights, shape: [count, featureCount])
        let bias = try file.floats(Name.bias, shape: [count])
        let temperature = try file.floats(Name.temperature, shape: [1])[0]
        guard zip(labels, labels.dropFirst()).allSatisfy({ $0 < $1 }) else {
            throw .malformed(detail: "the labels of the head do not ascend")
        }
        guard weights.allSatisfy(\.isFinite), bias.allSatisfy(\.isFinite) else {
            throw .malformed(detail: "a weight of the head is no finite number")
        }
        guard temperature > 0, temperature.isFinite else {
            throw .malformed(detail: "the temperature of the head is \(temperature)")
        }
        let features = file.metadata[Name.features] ?? FeatureSpace.roots.rawValue
        guard let space = FeatureSpace(rawValue: features) else {
            throw .malformed(detail: "the head is over features called '\(features)'")
        }
        self.init(
            labels: labels, featureCount: featureCount, space: space, weights: weights, bias: bias,
            temperature: temperature)
    }
}
