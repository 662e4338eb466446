/// A mean of weights over steps or epochs, as they go by.
struct WeightAverage {
    private(set) var weights: [Float]
    /// How many were taken in.
    private(set) var count = 0

    init(count: Int) { weights = [Float](repeating: 0, count: count) }

    /// Takes `new` in with equal weight.
    mutating func add(_ new: Span<Float>) {
        count += 1
        move(towards: new, by: 1 / Float(count))
    }

    /// Moves towards `new`, which counts for `1 - decay`; for more as long as little was taken in.
    mutating func move(towards new: Span<Float>, decay: Double) {
        count += 1
        move(towards: new, by: Float(1 - min(decay, Double(count - 1) / Double(count + 9))))
    }

    private mutating func move(towards new: Span<Float>, by part: Float) {
        precondition(new.count == weights.count)
        for i in weights.indices { weights[i] += part * (new[i] - weights[i]) }
    }
}
