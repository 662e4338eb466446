/// What a head can answer by: the features of one image, in the form that the head sees.
package protocol HeadInput: Sendable {
    /// What a head over `space` sees. `[D]`
    func values(in space: FeatureSpace) -> [Float]
    /// As they are kept.
    var kept: RootFeatures { get }
}

extension RootFeatures: HeadInput {
    package var kept: RootFeatures { self }
}

/// The features of one image `[D]`: as the network gave them, which answers are made of, and as they are kept.
///
/// What is kept is rounded. An answer by it would differ, by up to a thousandth in probability, from what the same weights
/// say in another framework, and no plain linear layer rounds.
package struct ImageFeatures: HeadInput, Equatable {
    /// As the network gave them; what is no number counts as 0.
    package let plain: [Float]
    /// What is learned from.
    package let kept: RootFeatures

    package init(_ features: [Float]) {
        plain = features.map { $0.isFinite ? $0 : 0 }
        kept = RootFeatures(quantizing: features)
    }

    package func values(in space: FeatureSpace) -> [Float] {
        switch space {
        case .plain: plain
        case .roots: plain.map { $0 < 0 ? -Self.root($0) : Self.root($0) }
        }
    }

    /// The root of the magnitude, at most the largest that is kept: beyond it nothing was learned.
    private static func root(_ feature: Float) -> Float {
        min(feature.magnitude.squareRoot(), Float(RootFeatures.valueLimit) / RootFeatures.scale)
    }
}
