/// How many zeros surround an image before a window slides over it.
package enum Padding: Sendable, Equatable {
    /// As many on every side, as PyTorch does.
    case symmetric(Int)
    /// As many as an output of `ceil(input / stride)` needs, the odd one at the end, as TensorFlow's "SAME" does.
    case same

    /// The zeros before the first element of an axis, and the number of window positions along it.
    package func along(input: Int, kernel: Int, stride: Int) -> (before: Int, output: Int) {
        switch self {
        case .symmetric(let zeros):
            return (zeros, (input + 2 * zeros - kernel) / stride + 1)
        case .same:
            let output = (input + stride - 1) / stride
            return (max(0, (output - 1) * stride + kernel - input) / 2, output)
        }
    }
}
