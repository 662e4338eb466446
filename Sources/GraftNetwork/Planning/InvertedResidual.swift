/// A block of MobileNetV2's kind (Sandler et al. 2018, arXiv 1801.04381), computed a few lines of the image at a time.
///
/// Between its convolutions lie maps with several times the channels of what goes in and comes out. Where they are large,
/// a thread expands only the lines that its next lines of output need, filters them and projects them while they are in
/// its cache.
package struct InvertedResidual: Sendable {
    /// 1 × 1, to more channels; nil if the block has none.
    package let expand: Convolution?
    package let depthwise: Convolution
    /// 1 × 1, to fewer channels.
    package let project: Convolution
    /// The shape of what is filtered.
    package let expanded: MapShape
    /// Lines of output that are computed at a time.
    package let bandLines: Int
    private let filteredWidth: Int

    /// Floats of a map that a core's cache holds beside everything else; smaller ones are not worth a thought.
    private static let cachedCount = 1 << 17
    /// Floats of the lines that are expanded and filtered at a time.
    private static let bandCount = 8 << 14

    /// The block on a map of shape `input`, if the kernels can compute it in this way and its maps are large.
    init?(expand: Convolution?, depthwise: Convolution, project: Convolution, on input: MapShape) {
        guard expand?.isPixelwise ?? true, depthwise.hasDepthwiseKernel, depthwise.kernel > 1, project.isPixelwise
        else { return nil }
        expanded = expand?.output(of: input).shape ?? input
        let filtered = depthwise.output(of: expanded).shape
        guard expanded.count > Self.cachedCount else { return nil }
        // A line of output takes `stride` new lines, beside those that windows share.
        let line = depthwise.stride * expanded.width * expanded.channels + filtered.width * filtered.channels
        let shared = (depthwise.kernel - depthwise.stride) * expanded.width * expanded.channels
        bandLines = min(filtered.height, max(1, (Self.bandCount - shared) / line))
        filteredWidth = filtered.width
        (self.expand, self.depthwise, self.project) = (expand, depthwise, project)
    }

    package var convolutions: [Convolution] { (expand.map { [$0] } ?? []) + [depthwise, project] }

    /// Floats of the lines that are expanded at a time.
    var expandedCount: Int {
        guard expand != nil else { return 0 }
        return ((bandLines - 1) * depthwise.stride + depthwise.kernel) * expanded.width * expanded.channels
    }

    /// Floats of the lines that are filtered at a time.
    var filteredCount: Int { bandLines * filteredWidth * expanded.channels }
}

extension Convolution {
    /// The lines of the input that the windows of the output's lines `lines` cover.
    func linesRead(by lines: Range<Int>, top: Int, height: Int) -> Range<Int> {
        let first = max(0, lines.lowerBound * stride - top)
        return first..<max(first, min(height, (lines.upperBound - 1) * stride - top + kernel))
    }
}
