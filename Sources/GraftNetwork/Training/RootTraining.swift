/// The signed square root of each feature, which a head over roots sees: sign(x) · √|x|.
final class RootTraining: TrainingOperation {
    private let input: BatchMap
    private let output: BatchMap
    private let arrival: GradientArrival

    /// The derivative 1 / (2 √|x|) has no bound at 0. It grows no further than 10, which it has at 1/400: below that a
    /// rectified mean is noise, and one such feature would outweigh all others in the step of a filter.
    private static let leastRoot: Float = 0.05

    /// - Precondition: nothing is added to the input's gradient.
    init(input: BatchMap, output: BatchMap, arrival: GradientArrival) {
        (self.input, self.output, self.arrival) = (input, output, arrival)
    }

    func forward(_ pass: TrainingPass) {
        for i in 0..<pass.images * input.shape.count {
            let x = input.values.pointer[i]
            output.values.pointer[i] = x < 0 ? -x.magnitude.squareRoot() : x.squareRoot()
        }
    }

    func backward(_ pass: TrainingPass) {
        guard case .first = arrival else { return }
        let (gradient, outputGradient) = (input.gradient!.pointer, output.gradient!.pointer)
        for i in 0..<pass.images * input.shape.count {
            gradient[i] = outputGradient[i] / (2 * max(output.values.pointer[i].magnitude, Self.leastRoot))
        }
    }
}
