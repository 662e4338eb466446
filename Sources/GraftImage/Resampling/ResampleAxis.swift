/// Along one side of an image: which input pixels make each output pixel, and with what weights.
///
/// Follows `precompute_coeffs` and `normalize_coeffs_8bpc` of Pillow's Resample.c to the last bit.
package struct ResampleAxis: Sendable, Equatable {
    /// Fraction bits of a weight, as the kernels have them: 32, less 8 for the sample and 2 for the overshoot of bicubic
    /// weights.
    private static let fractionBits: Int32 = 32 - 8 - 2

    /// What one output pixel is made of: `count` inputs from `start`, whose weights begin at `weights[weightStart]`.
    package struct Window: Sendable, Equatable {
        package var start: Int
        package var count: Int
        package var weightStart: Int
        var end: Int { start + count }
    }

    /// One for each output pixel; starts and ends ascend.
    package let windows: [Window]
    /// Fixed point, `fractionBits`; as many for each window, a multiple of 4, the last of them 0. `[windows, taps]`
    package let weights: [Int32]
    /// Where windows start in ``inputs``. `[windows]`
    let starts: [Int32]
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
        var pixels: [(start: Int, weights: [Int32])] = outputs.map { output in
            let center = boxStart + (Double(output) + 0.5) * scale
            let start = max(0, Int(center - support + 0.5))
            let end = min(inputCount, Int(center + support + 0.5))
            let exact = (start..<end).map { interpolation.weight(at: (Double($0) - center + 0.5) * inverseStretch) }
            let sum = exact.reduce(0, +)
            let weights = exact.map { weight in
                let scaled = (sum == 0 ? weight : weight / sum) * Double(1 << Self.fractionBits)
                return Int32(scaled < 0 ? scaled - 0.5 : scaled + 0.5)
            }
            return (start, weights)
        }
        if isMirrored {
            pixels = pixels.reversed().map { (inputCount - $0.start - $0.weights.count, $0.weights.reversed()) }
        }
        let taps = (pixels.map(\.weights.count).max()! + 3) / 4 * 4
        let first = pixels[0].start
        windows = pixels.enumerated().map { output, pixel in
            Window(start: pixel.start, count: pixel.weights.count, weightStart: output * taps)
        }
        weights = pixels.flatMap { $0.weights + [Int32](repeating: 0, count: taps - $0.weights.count) }
        starts = pixels.map { Int32($0.start - first) }
    }
}
