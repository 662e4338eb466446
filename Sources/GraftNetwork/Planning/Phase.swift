import GraftTensor

/// A part of a step that threads divide among themselves; the next begins when all of it is done.
///
/// Each element of the output is the same sum in the same order, however the step is divided.
package struct Phase: Sendable, Equatable {
    /// Of Winograd's filtering, which is divided otherwise before the products than after.
    package enum Half: Sendable, Equatable {
        /// Tiles are transformed.
        case first
        /// Tiles that are transformed are multiplied.
        case second
        /// Each tile is transformed and multiplied.
        case both
    }

    /// What one thread computes at a time.
    package struct Part: Sendable, Equatable {
        package let half: Half
        package let rows: Range<Int>
        package let panels: Range<Int>
    }

    /// Into how many parts a phase falls.
    package struct Parts: Sendable, Equatable {
        let rows: Int
        let panels: Int

        package var count: Int { rows * panels }
    }

    package let half: Half
    /// How many rows there are: lines of the image, pixels for a product, or Winograd's tiles.
    package let rows: Int
    /// How many groups of output channels there are.
    package let panels: Int
    /// Whether channels are divided first; see ``WeightTraffic``.
    private let dividesPanelsFirst: Bool
    /// Rows that cannot be divided without losing speed.
    private let leastRows: Int
    /// About how many multiply-adds the phase takes.
    private let work: Int

    /// So much work that handing out a part, about a microsecond, does not count.
    private static let leastWork = 250_000
    /// So many parts for each thread that one which is held up does not hold up the others.
    private let partsPerThread: Int

    init(
        _ half: Half = .both, rows: Int, panels: Int = 1, dividesPanelsFirst: Bool = false, leastRows: Int = 1,
        partsPerThread: Int = 2, work: Int
    ) {
        self.half = half
        self.rows = rows
        self.panels = panels
        self.dividesPanelsFirst = dividesPanelsFirst
        self.leastRows = leastRows
        self.partsPerThread = partsPerThread
        self.work = work
    }

    package func parts(threads: Int) -> Parts {
        guard threads > 1 else { return Parts(rows: 1, panels: 1) }
        let wanted = min(threads * partsPerThread, max(1, work / Self.leastWork))
        let mostRows = max(1, rows / leastRows)
        let panelParts = dividesPanelsFirst ? min(panels, wanted) : 1
        return Parts(rows: min(mostRows, (wanted + panelParts - 1) / panelParts), panels: panelParts)
    }

    /// Part `index`, in `0 ..< parts.count`; those that read the same weights follow each other.
    package func part(_ index: Int, of parts: Parts) -> Part {
        func range(_ part: Int, of count: Int, _ extent: Int) -> Range<Int> {
            extent * part / count..<extent * (part + 1) / count
        }
        return Part(
            half: half, rows: range(index % parts.rows, of: parts.rows, rows),
            panels: range(index / parts.rows, of: parts.panels, panels))
    }
}

extension Plan.Operation {
    /// The phases of a step with this operation, in order.
    func phases(from input: MapShape, to output: MapShape, kernels: VectorKernels) -> [Phase] {
        // What is bound by memory takes about as long as some multiply-adds for each of its own.
        let memoryBound = 4
        // The product's tiles have up to 12 rows.
        let tileRows = 12
        switch self {
        case .mean:
            return [Phase(rows: 1, work: 0)]
        case .pool(let pooling):
            return [Phase(rows: output.height, work: memoryBound * output.count * pooling.kernel)]
        case .elementwise:
            return [Phase(rows: output.height, work: memoryBound * output.count)]
        case .depthwise(let convolution):
            return [Phase(rows: output.height, work: memoryBound * output.count * convolution.depth)]
        case .invertedResidual(let block):
            // Neighbouring parts compute what lies between them twice.
            return [
                Phase(
                    rows: output.height, leastRows: block.bandLines, partsPerThread: 1,
                    work: block.expanded.count * memoryBound * 8)
            ]
        case .product(let convolution), .convolution(let convolution):
            let isProduct = if case .product = self { true } else { false }
            return [
                Phase(
                    rows: isProduct ? output.pixels : output.height,
                    panels: kernels.panels(columns: convolution.outputChannels / convolution.groups),
                    dividesPanelsFirst: WeightTraffic.isHeavier(
                        weights: convolution.depth * convolution.outputChannels, from: input, to: output),
                    leastRows: isProduct ? tileRows : (tileRows + output.width - 1) / output.width,
                    work: output.count * convolution.depth)
            ]
        case .winograd(let convolution, let tiling):
            let plane = (tiling.tile + 2) * (tiling.tile + 2)
            let work = tiling.tileCount * plane * convolution.inputChannels * convolution.outputChannels
            let panels = kernels.panels(columns: convolution.outputChannels)
            guard tiling.isShared else {
                return [Phase(rows: tiling.tileCount, panels: panels, leastRows: tileRows, work: work)]
            }
            let transformed = memoryBound * tiling.tileCount * plane * convolution.inputChannels
            return [
                Phase(.first, rows: tiling.tileCount, work: transformed),
                Phase(
                    .second, rows: tiling.tileCount, panels: panels, dividesPanelsFirst: true, leastRows: tileRows,
                    work: work),
            ]
        }
    }
}
