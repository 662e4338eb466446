/// Along one side of an image: which input pixels make each output pixel, and with what weights.
///
/// Follows `precompute_coeffs` and `normalize_coeffs_8bpc` of Pillow's Resample.c to the last bit.
package struct ResampleAxis: Sendable, Equatable {
    /// Fraction bits of a weight: 32, less 8 for the sample and 2 for the overshoot of bicubic weights.
    static let fractionBits: Int32 = 32 - 8 - 2

    /// What one output pixel is made of: `count` inputs from `start`, whose weights begin at `weights[weightStart]`.
    package struct Window: Sendable, Equatable {
        package var start: Int
        package var count: Int
        package var weightStart: Int
        var end: Int { start + count }
    }

    /// One for each output pixel; starts and ends ascend.
    package private(set) var windows: [Window] = []
    /// Fixed point, `fractionBits`.
    package private(set) var weights: [Int32] = []
    /// All input pixels that matter.
    var inputs: Range<Int> { windows.first!.start..<windows.last!.end }

    /// The windows of `outputs`, a part of the `outputCount` pixels that the side is resized to.
    ///
    /// - Parameters:
    ///   - inputCount: pixels along the side.
    ///   - box: what part of the side, in pixels, the output covers; nil for all of it.
    ///   - isMirrored: the inputs will come in the opposite order, and the outputs are to leave in it. (Weights are not
    ///     the same from both ends: Pillow rounds halves up, so upright and mirrored images differ where windows end in
    ///     the middle of a pixel. This keeps what comes out equal to mirroring first.)
    package init(
        inputCount: Int, box: (start: Double, length: Double)? = nil, outputCount: Int, outputs: Range<Int>,
        isMirrored: Bool = false, by interpolation: Interpolation
    ) {
        precondition(inputCount >= 1 && outputCount >= 1 && !outputs.isEmpty)
        precondition(outputs.lowerBound >= 0 && outputs.upperBound <= outputCount)
        let (boxStart, boxLength) = box ?? (0, Double(inputCount))
        let scale = boxLength / Double(outputCount)
        let stretch = max(1, scale)
        let support = interpolation.support * stretch
        let inverseStretch = 1 / stretch
        for output in outputs {
            let center = boxStart + (Double(output) + 0.5) * scale
            let start = max(0, Int(center - support + 0.5))
            let end = min(inputCount, Int(center + support + 0.5))
            let exact = (start..<end).map { interpolation.weight(at: (Double($0) - center + 0.5) * inverseStretch) }
            let sum = exact.reduce(0, +)
            windows.append(Window(start: start, count: end - start, weightStart: weights.count))
            weights += exact.map { weight in
                let scaled = (sum == 0 ? weight : weight / sum) * Double(1 << Self.fractionBits)
                return Int32(scaled < 0 ? scaled - 0.5 : scaled + 0.5)
            }
        }
        if isMirrored { mirror(inputCount: inputCount) }
    }

    private mutating func mirror(inputCount: Int) {
        windows = windows.reversed().map { window in
            weights[window.weightStart..<window.weightStart + window.count].reverse()
            return Window(start: inputCount - window.end, count: window.count, weightStart: window.weightStart)
        }
    }
}
