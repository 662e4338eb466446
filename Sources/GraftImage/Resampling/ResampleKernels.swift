// The inner loops of resizing. Weights are fixed point with `ResampleAxis.fractionBits`; sums of them with bytes fit 32
// bits, for the weights of one pixel sum to 1 and those of bicubic, taken positive, to less than 2.

/// Half of the last place that `bytes(of:)` keeps.
private let half = Int32(1) << (ResampleAxis.fractionBits - 1)

@inline(__always)
private func byte(of sum: Int32) -> UInt8 {
    UInt8(truncatingIfNeeded: max(0, min(255, sum >> ResampleAxis.fractionBits)))
}

/// Resizes one row: `row` is `[axis.inputs.count, 3]`; `[axis.windows.count, 3]` are written from `offset`.
func resampleRow(
    _ row: [UInt8], along axis: ResampleAxis, into result: inout [UInt8], at offset: Int
) {
    let first = axis.inputs.lowerBound
    precondition(row.count == axis.inputs.count * 3)
    precondition(offset >= 0 && offset + axis.windows.count * 3 <= result.count)
    let row = row.span
    let windows = axis.windows.span
    let weights = axis.weights.span
    var result = result.mutableSpan
    for output in windows.indices {
        let window = windows[unchecked: output]
        var (red, green, blue) = (half, half, half)
        var source = (window.start &- first) &* 3
        for i in window.weightStart..<window.weightStart &+ window.count {
            let weight = weights[unchecked: i]
            red &+= Int32(row[unchecked: source]) &* weight
            green &+= Int32(row[unchecked: source &+ 1]) &* weight
            blue &+= Int32(row[unchecked: source &+ 2]) &* weight
            source &+= 3
        }
        let target = offset &+ output &* 3
        result[unchecked: target] = byte(of: red)
        result[unchecked: target &+ 1] = byte(of: green)
        result[unchecked: target &+ 2] = byte(of: blue)
    }
}

/// Begins the sums from `offset`: `sums = half + row * weight`.
func setWeighted(_ row: [UInt8], weight: Int32, sums: inout [Int32], at offset: Int) {
    precondition(offset >= 0 && offset + row.count <= sums.count)
    let row = row.span
    var sums = sums.mutableSpan
    for i in 0..<row.count { sums[unchecked: offset &+ i] = half &+ Int32(row[unchecked: i]) &* weight }
}

/// Goes on with the sums from `offset`: `sums += row * weight`.
func addWeighted(_ row: [UInt8], weight: Int32, sums: inout [Int32], at offset: Int) {
    precondition(offset >= 0 && offset + row.count <= sums.count)
    let row = row.span
    var sums = sums.mutableSpan
    for i in 0..<row.count { sums[unchecked: offset &+ i] &+= Int32(row[unchecked: i]) &* weight }
}

/// Ends sums: whole parts, kept within a byte.
func roundSums(_ sums: ArraySlice<Int32>, into bytes: inout [UInt8]) {
    precondition(sums.count == bytes.count)
    let sums = sums.span
    var bytes = bytes.mutableSpan
    for i in 0..<sums.count { bytes[unchecked: i] = byte(of: sums[unchecked: i]) }
}
