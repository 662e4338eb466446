/// What moves between cores when threads divide a layer.
///
/// Divided by rows, each thread reads all weights, but its rows of the input are those that it wrote itself, and so will
/// be its rows of the next layer's input. Divided by channels, it reads only its part of the weights, but half of the
/// input, and of what the next layer reads, was written by another core, which is several times as slow to get.
enum WeightTraffic {
    private static let slowness = 4

    /// Whether `weights` floats, read by each thread, cost more than the exchange of both maps.
    static func isHeavier(weights: Int, from input: MapShape, to output: MapShape) -> Bool {
        weights > slowness * (input.count + output.count)
    }
}
