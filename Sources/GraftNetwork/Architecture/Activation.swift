/// What is applied to every element as a layer's kernel stores it.
package enum Activation: String, Sendable, CaseIterable {
    case none
    /// max(x, 0)
    case relu
    /// min(max(x, 0), 6)
    case relu6
    /// x / (1 + exp(-x)) (Elfwing et al. 2017, arXiv 1702.03118)
    case silu
    /// x · relu6(x + 3) / 6 (Howard et al. 2019, arXiv 1905.02244)
    case hardSwish
    /// x · Φ(x), with Φ the distribution function of the standard normal distribution (Hendrycks and Gimpel 2016)
    case gelu
    /// 1 / (1 + exp(-x))
    case sigmoid
    /// relu6(x + 3) / 6
    case hardSigmoid
}
