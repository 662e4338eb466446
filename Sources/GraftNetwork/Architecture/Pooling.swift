/// The largest or the mean element of a sliding window, channel by channel.
package struct Pooling: Sendable {
    package enum Kind: Sendable, Equatable {
        /// What lies outside the image is never the largest.
        case max
        /// Whether the zeros outside the image count, as PyTorch's `count_include_pad` has it.
        case average(countsPadding: Bool)
    }

    package let kind: Kind
    /// The window's side.
    package let kernel: Int
    package let stride: Int
    package let padding: Padding

    package init(_ kind: Kind, kernel: Int, stride: Int, padding: Padding = .symmetric(0)) {
        self.kind = kind
        self.kernel = kernel
        self.stride = stride
        self.padding = padding
    }

    /// What lies before the first element of each axis, and the shape that comes out.
    package func output(of input: MapShape) -> (top: Int, left: Int, shape: MapShape) {
        let (top, height) = padding.along(.vertical, input: input.height, kernel: kernel, stride: stride)
        let (left, width) = padding.along(.horizontal, input: input.width, kernel: kernel, stride: stride)
        return (top, left, MapShape(height: height, width: width, channels: input.channels))
    }
}
