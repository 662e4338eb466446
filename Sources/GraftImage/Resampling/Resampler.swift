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
    /// The resized image or, where it is normalised, its last row.
    private var pixels: [UInt8]
    private let width: Int
    private let height: Int
    private let kernels: VectorKernels
    private let normalization: Normalization?
    /// What a network sees of the rows so far.
    private var elements: [Float] = []

    /// Whether Pillow resizes the rows of an image, as it is seen, before its columns: where that saves much work, that
    /// is, if the height loses more than twice as many pixels as the width. (Pillow 13; before, the columns were always
    /// first.)
    static func startsWithRows(width: Int, height: Int, newWidth: Int, newHeight: Int) -> Bool {
        height > newHeight && height - newHeight > 2 * (width - newWidth)
    }

    /// - Parameter normalization: makes each row what a network sees of it; nil for an image.
    init(
        columns: RowResampler, rows: ResampleAxis, rowsFirst: Bool, normalization: Normalization? = nil,
        kernels: VectorKernels
    ) {
        self.rowsFirst = rowsFirst
        self.kernels = kernels
        self.normalization = normalization
        self.columns = columns
        (width, height) = (columns.axis.windows.count, rows.windows.count)
        let rowBytes = width * 3
        pixels = [UInt8](repeating: 0, count: normalization == nil ? height * rowBytes : rowBytes)
        if normalization != nil { elements.reserveCapacity(height * rowBytes) }
        let inputBytes = columns.axis.inputs.count * 3
        between = rowsFirst ? [UInt8](repeating: 0, count: inputBytes) : []
        self.rows = ColumnResampler(axis: rows, rowBytes: rowsFirst ? inputBytes : rowBytes, kernels: kernels)
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
            let offset = normalization == nil ? y * width * 3 : 0
            if rowsFirst {
                rows.take(into: &between, at: 0)
                columns.resample(between, into: &pixels, at: offset)
            } else {
                rows.take(into: &pixels, at: offset)
            }
            normalization?.normalize(pixels, appendingTo: &elements, kernels: kernels)
        }
    }

    /// The resized image, once every row has been taken.
    consuming func finish() -> Image {
        precondition(rows.isComplete && normalization == nil)
        return Image(width: width, height: height, pixels: pixels)
    }

    /// What a network sees of it, once every row has been taken. `[1, height, width, 3]`
    consuming func finishNormalized() -> Tensor {
        precondition(rows.isComplete && normalization != nil)
        return Tensor(shape: [1, height, width, 3], elements: elements)
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
