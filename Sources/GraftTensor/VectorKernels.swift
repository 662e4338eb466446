package import CKernels

/// The C kernels for one instruction set; see the headers of `CKernels` for what each computes.
///
/// `rows` are output rows and `panels` groups of output channels, ``panels(columns:)`` in all: two ways to split an
/// operation over threads, neither of which changes a bit of the result.
package struct VectorKernels: @unchecked Sendable {
    // Sendable: the table is constant data of the executable.
    private let table: UnsafePointer<graft_kernels>

    init(table: UnsafePointer<graft_kernels>) { self.table = table }

    /// How many floats the packed form of weights `[columns, depth]` takes.
    package func packedCount(columns: Int, depth: Int) -> Int {
        Int(table.pointee.packed_count(Int64(columns), Int64(depth)))
    }

    /// How many panels the columns are split into.
    package func panels(columns: Int) -> Int { Int(table.pointee.panels(Int64(columns))) }

    /// Writes `weights` `[columns, depth]` in the order in which ``product(_:rows:panels:)`` and
    /// ``convolution(_:rows:panels:)`` read them; `panels` has room for ``packedCount(columns:depth:)`` floats.
    package func pack(
        _ weights: UnsafePointer<Float>, columns: Int, depth: Int, into panels: UnsafeMutablePointer<Float>
    ) {
        table.pointee.pack(weights, Int64(columns), Int64(depth), panels)
    }

    package func product(_ product: graft_product, rows: Range<Int>, panels: Range<Int>) {
        withUnsafePointer(to: product) {
            table.pointee.product(
                $0, Int64(rows.lowerBound), Int64(rows.upperBound), Int64(panels.lowerBound), Int64(panels.upperBound))
        }
    }

    package func convolution(_ convolution: graft_convolution, rows: Range<Int>, panels: Range<Int>) {
        withUnsafePointer(to: convolution) {
            table.pointee.convolution(
                $0, Int64(rows.lowerBound), Int64(rows.upperBound), Int64(panels.lowerBound), Int64(panels.upperBound))
        }
    }

    /// Floats of scratch space for a convolution; `channels` are those of a group.
    package func convolutionScratch(kernel: Int, channels: Int) -> Int {
        Int(graft_convolution_scratch(Int64(kernel), Int64(kernel), Int64(channels)))
    }

    // MARK: - Winograd's minimal filtering F(tile × tile, 3 × 3)

    /// How many floats the transformed form of weights `[columns, 3, 3, channels]` takes.
    package func winogradPackedCount(tile: Int, columns: Int, channels: Int) -> Int {
        Int(table.pointee.winograd_packed_count(Int64(tile), Int64(columns), Int64(channels)))
    }

    package func winogradPack(
        tile: Int, _ weights: UnsafePointer<Float>, columns: Int, channels: Int,
        into panels: UnsafeMutablePointer<Float>
    ) {
        table.pointee.winograd_pack(Int64(tile), weights, Int64(columns), Int64(channels), panels)
    }

    /// Floats of scratch space for ``winogradMultiply(_:tiles:panels:)`` of `tileCount` tiles.
    package func winogradScratch(tile: Int, tileCount: Int) -> Int {
        Int(graft_winograd_scratch(Int64(tile), Int64(tileCount)))
    }

    package func winogradTransform(_ winograd: graft_winograd, tiles: Range<Int>) {
        withUnsafePointer(to: winograd) {
            table.pointee.winograd_transform($0, Int64(tiles.lowerBound), Int64(tiles.upperBound))
        }
    }

    /// - Precondition: `tiles` are transformed.
    package func winogradMultiply(_ winograd: graft_winograd, tiles: Range<Int>, panels: Range<Int>) {
        withUnsafePointer(to: winograd) {
            table.pointee.winograd_multiply(
                $0, Int64(tiles.lowerBound), Int64(tiles.upperBound), Int64(panels.lowerBound),
                Int64(panels.upperBound))
        }
    }

    // MARK: - Channel by channel

    /// - Precondition: the window's side is 3 or 5 and the stride 1 or 2, or both are 1.
    package func depthwise(_ depthwise: graft_depthwise, rows: Range<Int>) {
        withUnsafePointer(to: depthwise) {
            table.pointee.depthwise($0, Int64(rows.lowerBound), Int64(rows.upperBound))
        }
    }

    package func pool(_ pool: graft_pool, rows: Range<Int>) {
        withUnsafePointer(to: pool) { table.pointee.pool($0, Int64(rows.lowerBound), Int64(rows.upperBound)) }
    }

    package func elementwise(_ elementwise: graft_elementwise, pixels: Range<Int>) {
        withUnsafePointer(to: elementwise) {
            table.pointee.elementwise($0, Int64(pixels.lowerBound), Int64(pixels.upperBound))
        }
    }

    package func mean(_ mean: graft_mean) {
        withUnsafePointer(to: mean) { table.pointee.mean($0) }
    }

    // MARK: - Rows of 8-bit RGB

    /// Makes a row, from `offset`, of rows that follow each other in a ring: their weighted sum, rounded, and kept within
    /// a byte.
    ///
    /// - Parameters:
    ///   - ring: `[slots, rowBytes]`; after the last slot comes the first again.
    ///   - first: The slot of the row that the first weight is for.
    ///   - weights: At most as many as there are slots.
    package func blend(
        _ ring: [UInt8], rowBytes: Int, first: Int, weights: Span<Int32>, into output: inout [UInt8], at offset: Int
    ) {
        let slots = ring.count / rowBytes
        precondition(first >= 0 && first < slots && weights.count <= slots)
        precondition(offset >= 0 && offset + rowBytes <= output.count)
        ring.withUnsafeBufferPointer { rows in
            weights.withUnsafeBufferPointer { weights in
                output.withUnsafeMutableBufferPointer { output in
                    var blend = graft_blend(
                        row_bytes: Int64(rowBytes), slots: Int64(slots), rows: rows.baseAddress, first: Int64(first),
                        taps: Int64(weights.count), weights: weights.baseAddress)
                    table.pointee.blend_rows(&blend, output.baseAddress! + offset)
                }
            }
        }
    }

    /// The scratch space for ``resample(_:starts:weights:scratch:into:at:)`` of rows of `rowBytes`.
    package func resamplingScratch(starts: [Int32], weights: [Int32], rowBytes: Int) -> [Int32] {
        var scratch = [Int32](repeating: 0, count: Int(graft_resampling_scratch(Int64(starts.count))))
        withResampling(starts, weights, rowBytes) {
            table.pointee.prepare_resampling($0, Int64(rowBytes), &scratch)
        }
        return scratch
    }

    /// Makes `[outputs, 3]`, from `offset`, of `row` `[pixels, 3]`.
    ///
    /// - Parameters:
    ///   - starts: The first pixel that each output is made of; they ascend. `[outputs]`
    ///   - weights: `[outputs, taps]`; `taps` is a multiple of 4, and what would lie behind the row has no weight.
    ///   - scratch: That for the same starts, weights and length of a row.
    package func resample(
        _ row: Span<UInt8>, starts: [Int32], weights: [Int32], scratch: inout [Int32], into output: inout [UInt8],
        at offset: Int
    ) {
        precondition(offset >= 0 && offset + starts.count * 3 <= output.count)
        precondition(scratch.count >= graft_resampling_scratch(Int64(starts.count)))
        row.withUnsafeBufferPointer { row in
            output.withUnsafeMutableBufferPointer { output in
                withResampling(starts, weights, row.count) {
                    table.pointee.resample_row(
                        $0, row.baseAddress, Int64(row.count), &scratch, output.baseAddress! + offset)
                }
            }
        }
    }

    private func withResampling(
        _ starts: [Int32], _ weights: [Int32], _ rowBytes: Int, _ body: (UnsafePointer<graft_resampling>) -> Void
    ) {
        let taps = weights.count / starts.count
        precondition(weights.count == starts.count * taps && taps % 4 == 0)
        precondition(starts[0] >= 0 && Int(starts[starts.count - 1]) * 3 < rowBytes && rowBytes % 3 == 0)
        starts.withUnsafeBufferPointer { starts in
            weights.withUnsafeBufferPointer { weights in
                var resampling = graft_resampling(
                    outputs: Int64(starts.count), taps: Int64(taps), starts: starts.baseAddress,
                    weights: weights.baseAddress)
                body(&resampling)
            }
        }
    }

    /// Appends to `elements` what a network sees of `pixels`, both `[pixels, 3]`.
    package func normalize(
        _ pixels: Span<UInt8>, _ normalization: graft_normalization, appendingTo elements: inout [Float]
    ) {
        precondition(pixels.count % 3 == 0)
        elements.append(addingCapacity: pixels.count) { added in
            added.withUnsafeMutableBufferPointer { added, count in
                pixels.withUnsafeBufferPointer { pixels in
                    guard let first = pixels.baseAddress else { return }
                    withUnsafePointer(to: normalization) {
                        table.pointee.normalize($0, first, Int64(pixels.count), added.baseAddress!)
                    }
                }
                count = pixels.count
            }
        }
    }

    // MARK: - Latents as bytes

    /// The smallest and the largest element of each channel of `latent` `[pixels, channels]`; nil where one is no number.
    package func ranges(of latent: Span<Float>, channels: Int) -> (lowest: [Float], highest: [Float])? {
        precondition(channels > 0 && latent.count >= channels && latent.count % channels == 0)
        var (lowest, highest) = ([Float](repeating: 0, count: channels), [Float](repeating: 0, count: channels))
        let areNumbers = withLatent(latent, channels: channels) { table.pointee.find_ranges($0, &lowest, &highest) }
        return areNumbers == 0 ? nil : (lowest, highest)
    }

    /// Writes how many steps each element of `latent` `[pixels, channels]` lies above the lowest of its channel, from `offset`
    /// on.
    ///
    /// - Parameter perHalfStep: How many halves of a step a unit has, for each channel.
    /// - Precondition: No element lies below the lowest, or more than 255 steps above it.
    package func divide(
        _ latent: Span<Float>, lowest: [Float], perHalfStep: [Float], into bytes: inout [UInt8], at offset: Int
    ) {
        precondition(!lowest.isEmpty && perHalfStep.count == lowest.count && latent.count % lowest.count == 0)
        precondition(offset >= 0 && offset + latent.count <= bytes.count)
        withLatent(latent, channels: lowest.count) { latent in
            bytes.withUnsafeMutableBufferPointer {
                table.pointee.divide_ranges(latent, lowest, perHalfStep, $0.baseAddress! + offset)
            }
        }
    }

    // MARK: - Covariances

    /// Writes `(moment − mean · sums) · scale` `[count]`, rounded to 32 bits at last, to `output` from `offset` on.
    package func centre(
        _ moment: Span<Double>, sums: Span<Double>, mean: Double, scale: Double, into output: inout [Float],
        at offset: Int
    ) {
        precondition(moment.count == sums.count && offset >= 0 && offset + moment.count <= output.count)
        moment.withUnsafeBufferPointer { moment in
            sums.withUnsafeBufferPointer { sums in
                output.withUnsafeMutableBufferPointer {
                    var centring = graft_centring(
                        mean: mean, scale: scale, moment: moment.baseAddress, sums: sums.baseAddress,
                        output: $0.baseAddress! + offset)
                    table.pointee.centre(&centring, Int64(moment.count))
                }
            }
        }
    }

    /// Floats of scratch space for a triangle.
    func triangleScratch(order: Int) -> Int { Int(graft_triangle_scratch(Int64(order))) }

    /// `rows = U⁻ᵀ · rows`
    func solve(_ triangle: graft_triangle) {
        withUnsafePointer(to: triangle) { table.pointee.solve_triangle($0) }
    }

    // MARK: - Sketches

    /// In how many of 512 bits the nearest and the second nearest of `others` differ from `sketch`; nil for what there is not.
    package func differences(
        of sketch: SIMD8<UInt64>, fromNearestAmong others: Span<SIMD8<UInt64>>
    ) -> (first: Int?, second: Int?) {
        withUnsafeBytes(of: sketch) { sketch in
            others.withUnsafeBytes { bytes in
                var nearest = graft_nearest(
                    sketch: sketch.baseAddress?.assumingMemoryBound(to: UInt64.self),
                    others: bytes.baseAddress?.assumingMemoryBound(to: UInt64.self), count: Int64(others.count),
                    first: 0, second: 0)
                table.pointee.find_nearest(&nearest)
                return (others.isEmpty ? nil : Int(nearest.first), others.count < 2 ? nil : Int(nearest.second))
            }
        }
    }

    private func withLatent<R>(
        _ latent: Span<Float>, channels: Int, _ body: (UnsafePointer<graft_latent>) -> R
    ) -> R {
        latent.withUnsafeBufferPointer { elements in
            var latent = graft_latent(
                pixels: Int64(elements.count / channels), channels: Int64(channels), elements: elements.baseAddress)
            return body(&latent)
        }
    }
}
