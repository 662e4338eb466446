import GraftTensor

/// Resizes an image that arrives row by row, and keeps no more of it than the output and the sums in progress.
///
/// Two passes, one along each side, with 8-bit pixels between them, so their order shows in the last bits.
struct Resampler {
    private let rowsFirst: Bool
    private var columns: RowResampler
    private var sums: RowSums
    /// The row that arrives, and the one before: drawings repeat many rows, which then cost a comparison.
    private var input: [UInt8]
    private var previous: [UInt8]
    private var hasPrevious = false
    /// A row between the passes.
    private var row: [UInt8]
    private var output: Image
    private let outputBytes: Int

    /// Whether Pillow resizes the rows of an image, as it is seen, before its columns: where that saves much work, that
    /// is, if the height loses more than twice as many pixels as the width. (Pillow 13; before, the columns were always
    /// first.)
    static func startsWithRows(width: Int, height: Int, newWidth: Int, newHeight: Int) -> Bool {
        height > newHeight && height - newHeight > 2 * (width - newWidth)
    }

    init(columns: ResampleAxis, rows: ResampleAxis, rowsFirst: Bool, kernels: VectorKernels) {
        self.rowsFirst = rowsFirst
        self.columns = RowResampler(axis: columns, kernels: kernels)
        output = Image(width: columns.windows.count, height: rows.windows.count)
        outputBytes = output.width * 3
        input = [UInt8](repeating: 0, count: columns.inputs.count * 3)
        previous = input
        row = [UInt8](repeating: 0, count: rowsFirst ? input.count : outputBytes)
        sums = RowSums(axis: rows, rowBytes: row.count, kernels: kernels)
    }

    /// Takes the next of the rows in `rows.inputs`, which `read` writes over what it is given, `[columns.inputs.count, 3]`.
    mutating func append<E: Error>(_ read: (_ row: inout [UInt8]) throws(E) -> Void) throws(E) {
        try read(&input)
        if rowsFirst {
            sums.add(input)
            while let y = sums.finished {
                sums.take(into: &row, at: 0)
                columns.resample(row, into: &output.pixels, at: y * outputBytes)
            }
        } else {
            if !hasPrevious || input != previous {
                columns.resample(input, into: &row, at: 0)
                swap(&input, &previous)
                hasPrevious = true
            }
            sums.add(row)
            while let y = sums.finished { sums.take(into: &output.pixels, at: y * outputBytes) }
        }
    }

    /// The resized image, once every row has been taken.
    consuming func finish() -> Image {
        precondition(sums.isComplete)
        return output
    }
}
