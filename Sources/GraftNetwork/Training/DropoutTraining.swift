/// Dropout (Srivastava et al. 2014): while it trains, drops each element with probability `rate`, and multiplies the
/// others by 1 / (1 - rate).
///
/// What is dropped follows from the pass's seed and the element's place, so that it need not be kept for the way back.
final class DropoutTraining: TrainingOperation {
    private let rate: Float
    private let input: BatchMap
    private let output: BatchMap
    private let arrival: GradientArrival

    /// - Precondition: `0 <= rate < 1`, and nothing is added to the input's gradient.
    init(rate: Float, input: BatchMap, output: BatchMap, arrival: GradientArrival) {
        precondition(rate >= 0 && rate < 1, "\(rate) is not a part that can be dropped")
        (self.rate, self.input, self.output, self.arrival) = (rate, input, output, arrival)
    }

    func forward(_ pass: TrainingPass) {
        multiply(input.values, into: output.values, pass)
    }

    func backward(_ pass: TrainingPass) {
        guard case .first = arrival else { return }
        multiply(output.gradient!, into: input.gradient!, pass)
    }

    private func multiply(_ from: FloatStorage, into to: FloatStorage, _ pass: TrainingPass) {
        for i in 0..<pass.images * input.shape.count {
            let factor = pass.dropoutSeed.map { self.factor(element: UInt64(i), seed: $0) } ?? 1
            to.pointer[i] = from.pointer[i] * factor
        }
    }

    /// From the 24 highest bits of a hash of both: the finalizer of SplitMix64 (Steele, Lea and Flood 2014).
    private func factor(element: UInt64, seed: UInt64) -> Float {
        var z = seed &+ (element &+ 1) &* 0x9E37_79B9_7F4A_7C15
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        z ^= z >> 31
        return Float(z >> 40) / 16_777_216 < rate ? 0 : 1 / (1 - rate)
    }
}
