/// How many zeros surround an image before a window slides over it.
package enum Padding: Sendable, Equatable {
    /// As many on every side, as PyTorch does.
    case symmetric(Int)
    /// As many as an output of `ceil(input / stride)` needs, the odd one at the end, as TensorFlow's "SAME" does.
    case same
    /// As many as each side says.
    case explicit(top: Int, left: Int, bottom: Int, right: Int)

    package enum Axis: Sendable {
        case vertical, horizontal
    }

    /// The zeros before the first element of an axis, and the number of window positions along it.
    package func along(_ axis: Axis, input: Int, kernel: Int, stride: Int) -> (before: Int, output: Int) {
        func positions(_ before: Int, _ after: Int) -> (before: Int, output: Int) {
            let room = input + before + after - kernel
            return (before, room < 0 ? 0 : room / stride + 1)
        }
        switch self {
        case .symmetric(let zeros): return positions(zeros, zeros)
        case .explicit(let top, let left, let bottom, let right):
            return axis == .vertical ? positions(top, bottom) : positions(left, right)
        case .same:
            let output = (input + stride - 1) / stride
            return (max(0, (output - 1) * stride + kernel - input) / 2, output)
        }
    }
}
