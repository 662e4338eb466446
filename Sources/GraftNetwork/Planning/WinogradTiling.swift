/// How a convolution by Winograd's minimal filtering goes through its output's tiles.
package struct WinogradTiling: Sendable, Equatable {
    /// The side of an output tile, 2 or 4.
    package let tile: Int
    /// Tiles of the output; those at its edges may reach over.
    package let tileCount: Int
    /// How many tiles are transformed and multiplied at a time.
    package let bandCount: Int

    /// Whether threads share one band and divide its output channels, so that each reads only its part of the weights;
    /// else each has bands of its own.
    package let isShared: Bool

    /// A few dozen tiles stay in a core's own cache, and are enough rows for the product.
    private static let longestBand = 36
    /// Up to so many tiles can be one band that threads share.
    private static let fewTiles = 64

    init(tile: Int, from input: MapShape, to output: MapShape) {
        self.tile = tile
        tileCount = (output.height + tile - 1) / tile * ((output.width + tile - 1) / tile)
        let weights = (tile + 2) * (tile + 2) * input.channels * output.channels
        isShared = tileCount <= Self.fewTiles && WeightTraffic.isHeavier(weights: weights, from: input, to: output)
        let bands = isShared ? 1 : (tileCount + Self.longestBand - 1) / Self.longestBand
        bandCount = (tileCount + bands - 1) / bands
    }

    /// The floats of a band in the transformed space, `[(tile + 2)², band, C]`.
    func transformedCount(channels: Int) -> Int { (tile + 2) * (tile + 2) * bandCount * channels }
}
