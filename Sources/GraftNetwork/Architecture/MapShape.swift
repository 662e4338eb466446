/// The sides of a feature map `[H, W, C]`.
package struct MapShape: Sendable, Equatable {
    package let height: Int
    package let width: Int
    package let channels: Int

    package init(height: Int, width: Int, channels: Int) {
        (self.height, self.width, self.channels) = (height, width, channels)
    }

    package var count: Int { height * width * channels }
    package var pixels: Int { height * width }
}
