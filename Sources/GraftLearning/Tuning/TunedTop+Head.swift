import GraftNetwork

/// Heads as the parameters of a ``TrainableTop``.
extension VersionHead {
    private enum Name {
        static let hiddenWeights = "\(TopHead.name).hidden.weight"
        static let hiddenBias = "\(TopHead.name).hidden.bias"
        static let weights = "\(TopHead.name).output.weight"
        static let bias = "\(TopHead.name).output.bias"
    }

    /// The elements of `parameter`; nil if it is none of the head's.
    func elements(of parameter: Parameter) -> [Float]? {
        switch (self, parameter.name) {
        case (.linear(let head), Name.weights): head.weights
        case (.linear(let head), Name.bias): head.bias
        case (.mlp(let head), Name.hiddenWeights): head.hiddenWeights
        case (.mlp(let head), Name.hiddenBias): head.hiddenBias
        case (.mlp(let head), Name.weights): head.weights
        case (.mlp(let head), Name.bias): head.bias
        default: nil
        }
    }

    /// The head of `top`, over `labels`, ascending.
    init(_ top: TrainableTop, labels: [Int64], featureCount: Int, space: FeatureSpace) {
        let (weights, bias) = (top.elements(of: Name.weights), top.elements(of: Name.bias))
        if top.head.hiddenCount == nil {
            self = .linear(
                LinearHead(
                    labels: labels, featureCount: featureCount, space: space, weights: weights, bias: bias,
                    temperature: 1))
        } else {
            self = .mlp(
                MLPHead(
                    labels: labels, featureCount: featureCount, space: space,
                    hiddenWeights: top.elements(of: Name.hiddenWeights), hiddenBias: top.elements(of: Name.hiddenBias),
                    weights: weights, bias: bias, temperature: 1))
        }
    }
}

extension VersionHead {
    /// H; nil without a hidden layer.
    var hiddenCount: Int? {
        switch self {
        case .linear: nil
        case .mlp(let head): head.hiddenCount
        }
    }

    /// The same answers from a head over `labels` with temperature 1; a label that this one lacks begins with nothing.
    func starting(_ labels: [Int64]) -> VersionHead {
        let rows = Dictionary(uniqueKeysWithValues: zip(self.labels, self.labels.indices))
        func weights(_ old: [Float], inputs: Int) -> [Float] {
            labels.flatMap { label in
                rows[label].map { row in old[row * inputs..<(row + 1) * inputs].map { $0 / temperature } }
                    ?? [Float](repeating: 0, count: inputs)
            }
        }
        func bias(_ old: [Float]) -> [Float] { labels.map { label in rows[label].map { old[$0] / temperature } ?? 0 } }
        switch self {
        case .linear(let head):
            return .linear(
                LinearHead(
                    labels: labels, featureCount: featureCount, space: space,
                    weights: weights(head.weights, inputs: featureCount), bias: bias(head.bias), temperature: 1))
        case .mlp(let head):
            return .mlp(
                MLPHead(
                    labels: labels, featureCount: featureCount, space: space, hiddenWeights: head.hiddenWeights,
                    hiddenBias: head.hiddenBias, weights: weights(head.weights, inputs: head.hiddenCount),
                    bias: bias(head.bias), temperature: 1))
        }
    }
}
