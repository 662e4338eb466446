import CKernels
import GraftTensor

/// The windows of a batch's maps, as rows of a matrix, times packed weights: what a convolution is, and what the
/// gradient of its input is over that of its output.
struct WindowProduct {
    /// Those whose pixels the windows find.
    let map: MapShape
    let gridHeight: Int
    let gridWidth: Int
    /// How far a window lies from the one before, in pixels of the map.
    let step: Int
    let taps: Taps
    let groups: Int
    /// The columns of all groups.
    let columns: Int
    /// Floats of the packed weights of a group.
    private let packedCount: Int
    /// The panels of a group.
    let panels: Int
    private let tapsAtATime: Int

    /// So many floats of windows at a time that they stay in the second-level cache beside a panel.
    private static let cachedCount = 65_536
    /// So much depth at a time that a panel stays in that cache while all rows meet it.
    private static let cachedDepth = 768
    /// So much depth is summed from zero before it is added to what other depths gave: what 32 bits round off grows with
    /// the number of sums in a row.
    private static let summedDepth = 256
    /// Full tiles have 9 rows with AVX-512, and from 12 of them on the last one does not count.
    private static let (leastRows, mostRows) = (36, 180)

    init(
        over map: MapShape, gridHeight: Int, gridWidth: Int, step: Int, taps: Taps, groups: Int, columns: Int,
        kernels: VectorKernels
    ) {
        (self.map, self.gridHeight, self.gridWidth, self.step) = (map, gridHeight, gridWidth, step)
        (self.taps, self.groups, self.columns) = (taps, groups, columns)
        packedCount = kernels.packedCount(columns: columns / groups, depth: taps.count * map.channels / groups)
        panels = kernels.panels(columns: columns / groups)
        tapsAtATime = max(1, min(taps.count, Self.cachedDepth / (map.channels / groups)))
    }

    var weightCount: Int { groups * packedCount }

    var pixels: Int { gridHeight * gridWidth }

    /// How many rows it is best to have at a time, at most.
    var rowCount: Int { max(Self.leastRows, min(Self.mostRows, Self.cachedCount / depthAtATime / 9 * 9)) }

    /// Floats of scratch space for ``rowCount`` rows.
    var scratchCount: Int { readsInPlace ? 0 : rowCount * depthAtATime }

    /// Where the packed weights of a group begin.
    func weightOffset(group: Int) -> Int { group * packedCount }

    private var depthAtATime: Int { tapsAtATime * map.channels / groups }

    /// Whether each window is the one pixel at its place.
    private var readsInPlace: Bool {
        taps.count == 1 && step == 1 && taps.rows[0] == 0 && taps.columns[0] == 0 && gridHeight == map.height
            && gridWidth == map.width
    }

    /// As the kernels take it.
    func windows(_ input: UnsafePointer<Float>, group: Int) -> graft_windows {
        graft_windows(
            height: Int64(map.height), width: Int64(map.width), channels: Int64(map.channels),
            first_channel: Int64(group * map.channels / groups), channel_count: Int64(map.channels / groups),
            grid_height: Int64(gridHeight), grid_width: Int64(gridWidth), step: Int64(step),
            tap_count: Int64(taps.count), tap_rows: taps.rows.baseAddress, tap_columns: taps.columns.baseAddress,
            input: input)
    }

    /// What becomes of a product.
    struct Result {
        /// `[columns]`; nil to start from what the output holds.
        let bias: UnsafePointer<Float>?
        /// `[rows, columns]`, as the output.
        let residual: UnsafePointer<Float>?
        let activation: graft_activation
        let output: UnsafeMutablePointer<Float>
    }

    /// Computes the rows `rows` of the product; `result` has them from the first of these on.
    ///
    /// - Precondition: there are at most ``rowCount`` rows.
    func compute(
        _ rows: Range<Int>, of input: UnsafePointer<Float>, weights: UnsafePointer<Float>, into result: Result,
        scratch: UnsafeMutablePointer<Float>, pass: TrainingPass
    ) {
        let channels = map.channels / groups
        for group in 0..<groups {
            let windows = windows(input, group: group)
            let column = group * (columns / groups)
            for first in stride(from: 0, to: taps.count, by: tapsAtATime) {
                let last = min(taps.count, first + tapsAtATime)
                let depth = (last - first) * channels
                if !readsInPlace {
                    pass.trainingKernels.gather(windows, positions: rows, taps: first..<last, into: scratch)
                }
                let input =
                    readsInPlace ? input + rows.lowerBound * map.channels + group * channels : UnsafePointer(scratch)
                let output = result.output + column
                let parts = (depth + Self.summedDepth - 1) / Self.summedDepth
                let products = (0..<parts).map { part in
                    let (begin, end) = (depth * part / parts, depth * (part + 1) / parts)
                    let isFirst = first == 0 && part == 0
                    let isLast = last == taps.count && part == parts - 1
                    return graft_product(
                        columns: Int64(columns / groups), depth: Int64(end - begin),
                        input_stride: Int64(readsInPlace ? map.channels : depth), further_stretches: 0,
                        stretch_stride: 0, input: input + begin, panels: weights + weightOffset(group: group),
                        panel_depth: Int64(taps.count * channels), first_depth: Int64(first * channels + begin),
                        bias: isFirst ? result.bias.map { $0 + column } : UnsafePointer(pass.zeros.pointer),
                        residual: isFirst ? result.residual.map { $0 + column } : UnsafePointer(output),
                        output: output, output_stride: Int64(columns),
                        activation: isLast ? result.activation : Activation.none.applied)
                }
                // All rows meet a panel before the next one comes.
                for panel in 0..<panels {
                    for product in products {
                        pass.kernels.product(product, rows: 0..<rows.count, panels: panel..<panel + 1)
                    }
                }
            }
        }
    }
}

/// Where the taps of a window lie from its position, in pixels, and which of a filter's they are.
final class Taps {
    let rows: UnsafeBufferPointer<Int64>
    let columns: UnsafeBufferPointer<Int64>
    let indices: UnsafeBufferPointer<Int64>

    init(_ taps: [(row: Int, column: Int, index: Int)]) {
        func copy(_ elements: [Int]) -> UnsafeBufferPointer<Int64> {
            let copy = UnsafeMutableBufferPointer<Int64>.allocate(capacity: max(1, elements.count))
            _ = copy.initialize(from: elements.map(Int64.init))
            return UnsafeBufferPointer(rebasing: copy[..<elements.count])
        }
        rows = copy(taps.map(\.row))
        columns = copy(taps.map(\.column))
        indices = copy(taps.map(\.index))
    }

    deinit { for taps in [rows, columns, indices] { taps.deallocate() } }

    var count: Int { indices.count }
}
