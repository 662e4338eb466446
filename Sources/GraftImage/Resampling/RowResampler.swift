import GraftTensor

/// The pass along rows, one at a time.
struct RowResampler: Sendable {
    let axis: ResampleAxis
    private let kernels: VectorKernels
    private var scratch: [Int32]

    init(axis: ResampleAxis, kernels: VectorKernels) {
        self.axis = axis
        self.kernels = kernels
        scratch = kernels.resamplingScratch(
            starts: axis.starts, weights: axis.weights, rowBytes: axis.inputs.count * 3)
    }

    /// Resizes `row`, `[axis.inputs.count, 3]`; `[axis.windows.count, 3]` are written from `offset`.
    mutating func resample(_ row: Span<UInt8>, into result: inout [UInt8], at offset: Int) {
        precondition(row.count == axis.inputs.count * 3)
        kernels.resample(
            row, starts: axis.starts, weights: axis.weights, scratch: &scratch, into: &result, at: offset)
    }

    mutating func resample(_ row: [UInt8], into result: inout [UInt8], at offset: Int) {
        resample(row.span, into: &result, at: offset)
    }
}
