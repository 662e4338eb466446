import GraftNetwork

/// Where training reads latents: a sample is known by its position in the training set.
///
/// Only what a batch needs is read at a time, so that memory does not grow with the number of samples.
package protocol LatentSource: Sendable {
    /// Of one latent `[H, W, C]`.
    var shape: MapShape { get }
    /// Positions of the samples that have one, ascending.
    var rows: [Int] { get }
    /// Writes the latents of the samples `rows`, one after the other `[n, H, W, C]`, and returns whose they are: a sample
    /// that was forgotten in the meantime is left out.
    ///
    /// - Parameter latents: With room for all of `rows`.
    func read(_ rows: [Int], into latents: inout MutableSpan<Float>) throws -> [Int]
}

/// Latents in memory, as they are.
package struct HeldLatents: LatentSource, Equatable {
    package let shape: MapShape
    package let rows: [Int]
    /// `[rows, H, W, C]`
    private let values: [Float]
    private let places: [Int: Int]

    /// - Parameters:
    ///   - values: `[rows, H, W, C]`
    ///   - rows: Ascending; nil for `0 ..< n`.
    package init(shape: MapShape, values: [Float], rows: [Int]? = nil) {
        self.shape = shape
        self.values = values
        self.rows = rows ?? Array(0..<values.count / shape.count)
        precondition(values.count == self.rows.count * shape.count, "not a latent for each row")
        places = Dictionary(uniqueKeysWithValues: zip(self.rows, self.rows.indices))
    }

    package func read(_ rows: [Int], into latents: inout MutableSpan<Float>) -> [Int] {
        let found = rows.filter { places[$0] != nil }
        precondition(latents.count >= found.count * shape.count)
        values.withUnsafeBufferPointer { values in
            latents.withUnsafeMutableBufferPointer { latents in
                for (n, row) in found.enumerated() {
                    (latents.baseAddress! + n * shape.count)
                        .update(from: values.baseAddress! + places[row]! * shape.count, count: shape.count)
                }
            }
        }
        return found
    }
}

/// The features of a training set as the latents of a top without blocks: what a head alone is trained on.
package struct FeatureLatents: LatentSource {
    private let features: FeatureRows
    private let space: FeatureSpace

    package init(_ features: FeatureRows, space: FeatureSpace) {
        (self.features, self.space) = (features, space)
    }

    package var shape: MapShape { MapShape(height: 1, width: 1, channels: features.featureCount) }
    package var rows: [Int] { Array(0..<features.count) }

    package func read(_ rows: [Int], into latents: inout MutableSpan<Float>) -> [Int] {
        var i = 0
        for row in rows {
            for value in features[row] {
                latents[i] = RootFeatures.value(value, in: space)
                i += 1
            }
        }
        return rows
    }
}
