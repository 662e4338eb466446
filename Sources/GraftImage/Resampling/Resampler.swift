/// Resizes an image that arrives row by row, and keeps no more of it than the output and the sums in progress.
///
/// Two passes, one along each side, with 8-bit pixels between them. Pillow's first pass runs along the seen rows; where the
/// stored rows are seen as columns, `rowsFirst` runs them in the other order, so that both round alike.
struct Resampler {
    private let columns: ResampleAxis
    private let rowsFirst: Bool
    private var sums: RowSums
    /// A row between the passes.
    private var row: [UInt8]
    private var output: Image

    init(columns: ResampleAxis, rows: ResampleAxis, rowsFirst: Bool) {
        self.columns = columns
        self.rowsFirst = rowsFirst
        output = Image(width: columns.windows.count, height: rows.windows.count)
        row = [UInt8](repeating: 0, count: rowsFirst ? columns.inputs.count * 3 : output.width * 3)
        sums = RowSums(axis: rows, rowBytes: row.count)
    }

    /// Takes the next of the rows in `rows.inputs`, `[columns.inputs.count, 3]`.
    mutating func append(_ input: [UInt8]) {
        let outputBytes = output.width * 3
        if rowsFirst {
            sums.add(input)
            while let y = sums.takeFinished(into: &row) {
                resampleRow(row, along: columns, into: &output.pixels, at: y * outputBytes)
            }
        } else {
            resampleRow(input, along: columns, into: &row, at: 0)
            sums.add(row)
            while let y = sums.takeFinished(into: &row) {
                output.pixels.replaceSubrange(y * outputBytes..<(y + 1) * outputBytes, with: row)
            }
        }
    }

    /// The resized image, once every row has been taken.
    consuming func finish() -> Image {
        precondition(sums.isComplete)
        return output
    }
}
