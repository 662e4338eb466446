/// The features of one image `[D]` as they are kept and learned from: signed square roots, as 16-bit integers.
///
/// The square root suits the range of what leaves a rectifier, and makes the linear discriminant better; integers make
/// every sum of them exact (``LabelStatistics``). Plain features are the signed squares.
package struct RootFeatures: Sendable, Equatable {
    /// One root is this many units: 2¹¹, so that roots up to 16, features up to 255, fit.
    package static let scale: Float = 2048
    /// The largest magnitude of a value; symmetric, so that the sign of features can be exchanged.
    package static let valueLimit: Int16 = .max

    /// `sign(f) · √|f|` in units of 1 / ``scale``, rounded to the nearest, ties to even. `[D]`
    package let values: [Int16]

    /// Values as they were kept.
    package init(values: [Int16]) { self.values = values }

    /// The roots of `features` `[D]`; what is too large saturates, and what is no number counts as 0.
    package init(quantizing features: [Float]) {
        let limit = Float(Self.valueLimit)
        values = features.map { feature in
            guard !feature.isNaN else { return 0 }
            let root = (feature.magnitude.squareRoot() * Self.scale).rounded(.toNearestOrEven)
            let magnitude = Int16(min(root, limit))
            return feature < 0 ? -magnitude : magnitude
        }
    }

    /// The roots as floats `[D]`.
    package var roots: [Float] { values(in: .roots) }
}
