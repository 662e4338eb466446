import GraftNetwork

/// Parameters as the frameworks lay them out.
extension Parameter {
    /// The shape in a checkpoint of `framework`.
    func shape(in framework: Framework) -> [Int] {
        switch (layout, framework) {
        case (.vector, _): shape
        case (.convolution, .torch), (.depthwise, .torch): [shape[0], shape[3], shape[1], shape[2]]
        case (.convolution, .keras): [shape[1], shape[2], shape[3], shape[0]]
        case (.depthwise, .keras): [shape[1], shape[2], shape[0], shape[3]]
        }
    }

    /// `elements` in the order of a checkpoint of `framework`, in that of `shape`.
    func canonical(_ elements: [Float], from framework: Framework) -> [Float] {
        switch (layout, framework) {
        case (.vector, _), (.depthwise, .torch): elements
        case (.convolution, .torch): transposed(elements, outer: shape[0], rows: shape[3], columns: places)
        // One filter is a column.
        case (.convolution, .keras), (.depthwise, .keras):
            transposed(elements, outer: 1, rows: count / shape[0], columns: shape[0])
        }
    }

    /// Elements of a filter for one channel.
    private var places: Int { shape[1] * shape[2] }
}

/// `[outer, rows, columns]` to `[outer, columns, rows]`.
private func transposed(_ elements: [Float], outer: Int, rows: Int, columns: Int) -> [Float] {
    precondition(elements.count == outer * rows * columns)
    guard rows > 1, columns > 1 else { return elements }
    return [Float](unsafeUninitializedCapacity: elements.count) { result, count in
        for o in 0..<outer {
            let base = o * rows * columns
            for c in 0..<columns {
                for r in 0..<rows {
                    result.initializeElement(at: base + c * rows + r, to: elements[base + r * columns + c])
                }
            }
        }
        count = elements.count
    }
}
