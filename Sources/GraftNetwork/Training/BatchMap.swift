import GraftTensor

/// Floats that live as long as a top trains, and that threads reach at the same time, each its part.
final class FloatStorage {
    let count: Int
    let pointer: UnsafeMutablePointer<Float>
    private var buffer: TensorBuffer

    /// Zeros.
    init(count: Int) {
        self.count = count
        buffer = TensorBuffer(count: count)
        pointer = buffer.withUnsafeMutablePointer { $0 }
    }

    convenience init(_ elements: [Float]) {
        self.init(count: elements.count)
        pointer.update(from: elements, count: elements.count)
    }

    func elements(_ range: Range<Int>) -> [Float] {
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        return Array(UnsafeBufferPointer(start: pointer + range.lowerBound, count: range.count))
    }
}

/// A tensor between two layers `[N, H, W, C]`, for as many images as a batch has at most, and ∂loss/∂tensor.
final class BatchMap {
    let shape: MapShape
    let values: FloatStorage
    /// nil where nobody wants it.
    let gradient: FloatStorage?

    init(_ shape: MapShape, batch: Int, wantsGradient: Bool = true) {
        self.shape = shape
        values = FloatStorage(count: batch * shape.count)
        gradient = wantsGradient ? FloatStorage(count: batch * shape.count) : nil
    }

    /// What is added to another tensor of the same shape: both have one gradient.
    init(addedTo sum: BatchMap, batch: Int) {
        shape = sum.shape
        values = FloatStorage(count: batch * shape.count)
        gradient = sum.gradient
    }
}

/// How a layer hands on the gradient of its input.
enum GradientArrival {
    /// Nobody wants it.
    case unwanted
    /// It is the first to arrive at the input. What is in `addend`, if anything, arrives with it: the gradient of a sum
    /// that the input is a term of, shaped as the input.
    case first(addend: FloatStorage?)
    /// It is added to what is there.
    case further
}
