import GraftNetwork
import Testing

@Suite struct SoftmaxCrossEntropyTests {
    /// From PyTorch, in 64-bit: the mean of `cross_entropy(logits + offsets, labels, weights, reduction="none")`.
    @Test func weightsAndOffsetsAreThoseOfPyTorch() {
        let loss = SoftmaxCrossEntropy(weights: [0.5, 1, 2], offsets: [0.25, -0.5, 0.125])
        let logits: [Float] = [0.5, -1, 2, 1.5, 0.25, -0.75]
        #expect(abs(loss.loss(logits.span, labels: [0, 2], labelCount: 3) - 2.986_036_755_062_235_8) < 1e-12)
        var gradient = [Float](repeating: 0, count: 6)
        var span = gradient.mutableSpan
        loss.gradient(logits.span, labels: [0, 2], labelCount: 3, into: &span)
        let expected: [Float] = [
            -0.200_597_532, 0.005_206_982, 0.195_390_550, 0.814_100_367, 0.110_176_504, -0.924_276_871,
        ]
        // Rounded once to 32-bit.
        for (found, expected) in zip(gradient, expected) { #expect(abs(found - expected) < 1e-7) }
    }
}
