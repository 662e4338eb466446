/// Resizes an image that arrives row by row, and keeps no more of it than the output and the sums in progress.
///
/// Two passes, one along each side, with 8-bit pixels between them, so their order shows in the last bits.
struct Resampler {
    private let columns: ResampleAxis
    private let rowsFirst: Bool
    private var sums: RowSums
    /// A row between the passes.
    private var row: [UInt8]
    /// The input that `row` was made of, columns first: drawings repeat many rows, which then cost a comparison.
    private var previous: [UInt8] = []
    /// A row after both passes, columns first.
    private var finished: [UInt8]
    private var output: Image

    /// Whether Pillow resizes the rows of an image, as it is seen, before its columns: where that saves much work, that
    /// is, if the height loses more than twice as many pixels as the width. (Pillow 13; before, the columns were always
    /// first.)
    static func startsWithRows(width: Int, height: Int, newWidth: Int, newHeight: Int) -> Bool {
        height > newHeight && height - newHeight > 2 * (width - newWidth)
    }

    init(columns: ResampleAxis, rows: ResampleAxis, rowsFirst: Bool) {
        self.columns = columns
        self.rowsFirst = rowsFirst
        output = Image(width: columns.windows.count, height: rows.windows.count)
        row = [UInt8](repeating: 0, count: rowsFirst ? columns.inputs.count * 3 : output.width * 3)
        finished = row
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
            if input != previous {
                resampleRow(input, along: columns, into: &row, at: 0)
                previous = input
            }
            sums.add(row)
            while let y = sums.takeFinished(into: &finished) {
                output.pixels.replaceSubrange(y * outputBytes..<(y + 1) * outputBytes, with: finished)
            }
        }
    }

    /// The resized image, once every row has been taken.
    consuming func finish() -> Image {
        precondition(sums.isComplete)
        return output
    }
}
