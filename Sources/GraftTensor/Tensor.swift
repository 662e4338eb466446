/// A small array of 32-bit floats with a shape, row-major: the last axis is contiguous.
///
/// This is what modules hand each other (an image, a feature map of one sample); storage that lives
/// as long as a model is a ``TensorBuffer``.
package struct Tensor: Sendable, Equatable {
    /// The sides, outermost first, as in `[N, H, W, C]`.
    package let shape: [Int]
    /// As many as the product of `shape`.
    package var elements: [Float]

    /// - Precondition: no side is negative, and `elements` has as many floats as `shape` asks for.
    package init(shape: [Int], elements: [Float]) {
        precondition(shape.allSatisfy { $0 >= 0 }, "negative side in \(shape)")
        precondition(
            elements.count == shape.reduce(1, *), "\(elements.count) elements do not fill the shape \(shape)")
        self.shape = shape
        self.elements = elements
    }

    /// A tensor of zeros.
    package init(zeros shape: [Int]) {
        self.init(shape: shape, elements: [Float](repeating: 0, count: shape.reduce(1, *)))
    }
}
