import GraftTensor

/// Weighted sums of whole rows: the pass down the columns, for rows that arrive one at a time.
struct RowSums {
    private let axis: ResampleAxis
    private let rowBytes: Int
    private let kernels: VectorKernels
    /// Sums of the output rows in progress, `[slots, rowBytes]`; output `o` lives in slot `o % slots`.
    private var sums: [Int32]
    private let slots: Int
    private var nextInput: Int
    private var firstUnfinished = 0

    var isComplete: Bool { firstUnfinished == axis.windows.count }

    init(axis: ResampleAxis, rowBytes: Int, kernels: VectorKernels) {
        self.axis = axis
        self.rowBytes = rowBytes
        self.kernels = kernels
        slots = Self.mostInProgress(axis.windows)
        sums = [Int32](repeating: 0, count: slots * rowBytes)
        nextInput = axis.inputs.lowerBound
    }

    /// Adds the next input row to every output row that it is a part of.
    mutating func add(_ row: [UInt8]) {
        precondition(row.count == rowBytes && nextInput < axis.inputs.upperBound)
        var output = firstUnfinished
        while output < axis.windows.count, case let window = axis.windows[output], window.start <= nextInput {
            let weight = axis.weights[window.weightStart + nextInput - window.start]
            let offset = output % slots * rowBytes
            kernels.weigh(row, by: weight, begins: nextInput == window.start, sums: &sums, at: offset)
            output += 1
        }
        nextInput += 1
    }

    /// The number of the next output row, if nothing is to be added to it any more. All of them are to be taken before
    /// another row is added.
    var finished: Int? {
        !isComplete && axis.windows[firstUnfinished].end <= nextInput ? firstUnfinished : nil
    }

    /// Writes the ``finished`` row, `[rowBytes]`, from `target`.
    mutating func take(into rows: inout [UInt8], at target: Int) {
        let offset = firstUnfinished % slots * rowBytes
        kernels.round(sums[offset..<offset + rowBytes], into: &rows, at: target)
        firstUnfinished += 1
    }

    /// The largest number of windows that share an input row.
    private static func mostInProgress(_ windows: [ResampleAxis.Window]) -> Int {
        var most = 1
        var first = 0
        for (output, window) in windows.enumerated() {
            while windows[first].end <= window.start { first += 1 }
            most = max(most, output - first + 1)
        }
        return most
    }
}
