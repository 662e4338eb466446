import GraftTensor

/// A part of a step that threads divide among themselves; the next begins when all of it is done.
///
/// Each element of the output is the same sum in the same order, however the step is divided.
package struct Phase: Sendable, Equatable {
    /// What is divided.
    package enum Split: Sendable, Equatable {
        /// Nothing.
        case whole
        /// Output rows: lines of the image, or pixels for a product.
        case rows
        /// Groups of output channels.
        case panels
        /// Winograd: tiles, each transformed and multiplied at once.
        case tiles
        /// Winograd: tiles that are transformed only; ``panels`` follow.
        case transforms
    }

    package let split: Split
    /// How many rows, panels or tiles there are.
    package let extent: Int
    /// About how many multiply-adds they take together.
    let work: Int

    /// So much work that handing out a part, about a microsecond, does not count.
    private static let leastWork = 250_000
    /// So many parts for each thread that one which is held up does not hold up the others.
    private static let partsPerThread = 4

    /// How many parts the phase falls into.
    func partCount(threads: Int) -> Int {
        threads == 1 ? 1 : min(extent, threads * Self.partsPerThread, max(1, work / Self.leastWork))
    }

    /// Part `part` of `count`.
    func range(_ part: Int, of count: Int) -> Range<Int> { extent * part / count..<extent * (part + 1) / count }
}

extension Plan.Operation {
    /// The phases of a step with this operation, in order.
    func phases(from input: MapShape, to output: MapShape, kernels: VectorKernels) -> [Phase] {
        switch self {
        case .mean:
            return [Phase(split: .whole, extent: 1, work: 0)]
        case .pool(let pooling):
            // Bound by memory: an element takes about as long as a few multiply-adds.
            return [Phase(split: .rows, extent: output.height, work: 4 * output.count * pooling.kernel)]
        case .depthwise(let convolution):
            return [Phase(split: .rows, extent: output.height, work: 4 * output.count * convolution.depth)]
        case .product(let convolution), .convolution(let convolution):
            let work = output.count * convolution.depth
            let panels = kernels.panels(columns: convolution.outputChannels / convolution.groups)
            // Each thread should read no more than its part of the larger operand.
            if convolution.depth * convolution.outputChannels > input.count && panels > 1 {
                return [Phase(split: .panels, extent: panels, work: work)]
            }
            let isProduct = if case .product = self { true } else { false }
            return [Phase(split: .rows, extent: isProduct ? output.pixels : output.height, work: work)]
        case .winograd(let convolution, let tiling):
            let plane = (tiling.tile + 2) * (tiling.tile + 2)
            let work = tiling.tileCount * plane * convolution.inputChannels * convolution.outputChannels
            guard tiling.isShared else { return [Phase(split: .tiles, extent: tiling.tileCount, work: work)] }
            return [
                Phase(
                    split: .transforms, extent: tiling.tileCount,
                    work: tiling.tileCount * plane * convolution.inputChannels * 8),
                Phase(split: .panels, extent: kernels.panels(columns: convolution.outputChannels), work: work),
            ]
        }
    }
}
