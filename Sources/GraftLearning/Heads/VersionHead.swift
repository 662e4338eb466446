package import GraftCheckpoint

/// The head of a version, whichever kind it is.
package enum VersionHead: Sendable, Equatable {
    case linear(LinearHead)
    case mlp(MLPHead)

    /// Ids of the labels it knows, ascending. `[L]`
    package var labels: [Int64] {
        switch self {
        case .linear(let head): head.labels
        case .mlp(let head): head.labels
        }
    }

    /// D.
    package var featureCount: Int {
        switch self {
        case .linear(let head): head.featureCount
        case .mlp(let head): head.featureCount
        }
    }

    /// What it is over.
    package var space: FeatureSpace {
        switch self {
        case .linear(let head): head.space
        case .mlp(let head): head.space
        }
    }

    /// What logits are divided by before softmax.
    package var temperature: Float {
        switch self {
        case .linear(let head): head.temperature
        case .mlp(let head): head.temperature
        }
    }

    /// The probability of each of `labels`. `[L]`
    package func probabilities(of features: some HeadInput) -> [Float] {
        switch self {
        case .linear(let head): head.probabilities(of: features)
        case .mlp(let head): head.probabilities(of: features)
        }
    }

    /// The score of each of `labels`, before the temperature. `[L]`
    package func logits(of features: some HeadInput) -> [Float] {
        switch self {
        case .linear(let head): head.logits(of: features)
        case .mlp(let head): head.logits(of: features)
        }
    }

    /// The same head without the labels that are not in `kept`; the others share what those had, as before.
    package func keeping(_ kept: Set<Int64>) -> VersionHead {
        switch self {
        case .linear(let head): .linear(head.keeping(kept))
        case .mlp(let head): .mlp(head.keeping(kept))
        }
    }

    /// The same head with another temperature.
    package func with(temperature: Float) -> VersionHead {
        switch self {
        case .linear(let head): .linear(head.with(temperature: temperature))
        case .mlp(let head):
            .mlp(
                MLPHead(
                    labels: head.labels, featureCount: head.featureCount, space: head.space,
                    hiddenWeights: head.hiddenWeights, hiddenBias: head.hiddenBias, weights: head.weights,
                    bias: head.bias, temperature: temperature))
        }
    }

    // MARK: - A version's file

    /// The head's tensors.
    package func stateDict() -> StateDict {
        switch self {
        case .linear(let head): head.stateDict()
        case .mlp(let head): head.stateDict()
        }
    }

    /// What the file's metadata say of the head.
    package var metadata: [String: String] {
        switch self {
        case .linear(let head): head.metadata
        case .mlp(let head): head.metadata
        }
    }

    /// The head in a version's file: with a hidden layer, if there are tensors of one.
    ///
    /// - Throws: what is missing or of another shape; `malformed` for values that no head has.
    package init(file: SafetensorsFile, featureCount: Int) throws(CheckpointError) {
        self =
            MLPHead.isPresent(in: file)
            ? .mlp(try MLPHead(file: file, featureCount: featureCount))
            : .linear(try LinearHead(file: file, featureCount: featureCount))
    }
}
