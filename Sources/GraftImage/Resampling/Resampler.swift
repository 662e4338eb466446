import Glibc
import GraftTensor

/// Resizes an image that arrives row by row, and keeps no more of it than the output and the rows that it is being made of.
///
/// Two passes, one along each side, with 8-bit pixels between them, so their order shows in the last bits.
struct Resampler {
    private let rowsFirst: Bool
    private var columns: RowResampler
    private var rows: ColumnResampler
    /// The row that came last: drawings repeat many rows, which then cost a comparison.
    private var previous: [UInt8] = []
    /// A row between the passes, if the one down the columns comes first.
    private var between: [UInt8]
    private var pixels: [UInt8]
    private let width: Int
    private let height: Int

    /// Whether Pillow resizes the rows of an image, as it is seen, before its columns: where that saves much work, that
    /// is, if the height loses more than twice as many pixels as the width. (Pillow 13; before, the columns were always
    /// first.)
    static func startsWithRows(width: Int, height: Int, newWidth: Int, newHeight: Int) -> Bool {
        height > newHeight && height - newHeight > 2 * (width - newWidth)
    }

    init(columns: ResampleAxis, rows: ResampleAxis, rowsFirst: Bool, kernels: VectorKernels) {
        self.rowsFirst = rowsFirst
        (width, height) = (columns.windows.count, rows.windows.count)
        pixels = [UInt8](repeating: 0, count: width * height * 3)
        let inputBytes = columns.inputs.count * 3
        between = rowsFirst ? [UInt8](repeating: 0, count: inputBytes) : []
        self.columns = RowResampler(axis: columns, kernels: kernels)
        self.rows = ColumnResampler(axis: rows, rowBytes: rowsFirst ? inputBytes : width * 3, kernels: kernels)
    }

    /// Takes the next of the rows in `rows.inputs`, `[columns.inputs.count, 3]`.
    mutating func append(_ row: Span<UInt8>) {
        if row.equals(previous) {
            rows.appendLast()
        } else {
            if rowsFirst {
                row.copy(into: &rows.rows, at: rows.nextOffset)
            } else {
                columns.resample(row, into: &rows.rows, at: rows.nextOffset)
            }
            rows.appendWritten()
            if previous.isEmpty { previous = [UInt8](repeating: 0, count: row.count) }
            row.copy(into: &previous, at: 0)
        }
        while let y = rows.finished {
            let offset = y * width * 3
            if rowsFirst {
                rows.take(into: &between, at: 0)
                columns.resample(between, into: &pixels, at: offset)
            } else {
                rows.take(into: &pixels, at: offset)
            }
        }
    }

    /// The resized image, once every row has been taken.
    consuming func finish() -> Image {
        precondition(rows.isComplete)
        return Image(width: width, height: height, pixels: pixels)
    }
}

extension Span<UInt8> {
    fileprivate func equals(_ other: [UInt8]) -> Bool {
        count == other.count && withUnsafeBytes { memcmp($0.baseAddress!, other, other.count) == 0 }
    }

    fileprivate func copy(into bytes: inout [UInt8], at offset: Int) {
        withUnsafeBytes { source in
            bytes.withUnsafeMutableBytes { $0[offset..<offset + source.count].copyBytes(from: source) }
        }
    }
}
