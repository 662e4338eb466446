import GraftTensor

/// The pass down the columns, for rows that arrive one at a time: keeps as many of the last ones as an output is made of.
struct ColumnResampler {
    private let axis: ResampleAxis
    private let rowBytes: Int
    private let kernels: VectorKernels
    /// The last rows, `[slots, rowBytes]`; where one is to be written, see ``nextOffset``.
    var rows: [UInt8]
    private let slots: Int
    /// The slot of the next row.
    private var slot = 0
    private var nextInput: Int
    private var nextOutput = 0

    var isComplete: Bool { nextOutput == axis.windows.count }

    init(axis: ResampleAxis, rowBytes: Int, kernels: VectorKernels) {
        self.axis = axis
        self.rowBytes = rowBytes
        self.kernels = kernels
        slots = axis.windows.map(\.count).max()!
        rows = [UInt8](repeating: 0, count: slots * rowBytes)
        nextInput = axis.inputs.lowerBound
    }

    /// Where the next of the rows in `axis.inputs` is to be written in ``rows``, in place of one that no longer counts.
    var nextOffset: Int { slot * rowBytes }

    /// The row at ``nextOffset`` is there.
    mutating func appendWritten() {
        precondition(nextInput < axis.inputs.upperBound)
        nextInput += 1
        slot = slot + 1 == slots ? 0 : slot + 1
    }

    /// The last row comes once more.
    mutating func appendLast() {
        let (from, to) = ((slot == 0 ? slots - 1 : slot - 1) * rowBytes, nextOffset)
        rows.withUnsafeMutableBytes { $0[to..<to + rowBytes].copyBytes(from: $0[from..<from + rowBytes]) }
        appendWritten()
    }

    /// The number of the next output row, if all that it is made of has come. All of them are to be taken before another
    /// row is added.
    var finished: Int? {
        !isComplete && axis.windows[nextOutput].end <= nextInput ? nextOutput : nil
    }

    /// Writes the ``finished`` row, `[rowBytes]`, from `offset`.
    mutating func take(into output: inout [UInt8], at offset: Int) {
        let window = axis.windows[nextOutput]
        let first = slot - (nextInput - window.start)
        kernels.blend(
            rows, rowBytes: rowBytes, first: first < 0 ? first + slots : first,
            weights: axis.weights.span.extracting(window.weightStart..<window.weightStart + window.count),
            into: &output, at: offset)
        nextOutput += 1
    }
}
