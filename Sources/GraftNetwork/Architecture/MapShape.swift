/// The sides of a feature map `[H, W, C]`.
package struct MapShape: Sendable, Equatable {
    package let height: Int
    package let width: Int
    package let channels: Int

    package init(height: Int, width: Int, channels: Int) {
        self.height = height
        self.width = width
        self.channels = channels
    }

    package var count: Int { height * width * channels }
    package var pixels: Int { height * width }

    /// Whether ``count`` is a number that more layers can work with: a graph read from a file may double its channels a
    /// hundred times.
    var isCountable: Bool {
        let sideLimit = 1 << 31
        guard height <= sideLimit, width <= sideLimit, channels <= sideLimit else { return false }
        let (count, overflow) = pixels.multipliedReportingOverflow(by: channels)
        return !overflow && count <= 1 << 40
    }
}
