import GraftCheckpoint

extension TensorReference {
    /// The bytes that the tensor takes when it is contiguous.
    ///
    /// - Throws: `badTensor` unless every element lies in the storage's view.
    func checkedByteCount(_ name: String) throws(ImportError) -> Int {
        guard let bytes = byteCount(shape: shape, elementType: elementType) else {
            throw .badTensor(name: name, detail: "shape \(shape) has more elements than can be counted")
        }
        guard bytes > 0 else { return 0 }
        var last = offset
        for (side, stride) in zip(shape, strides) {
            let (reach, overflow) = (side - 1).multipliedReportingOverflow(by: stride)
            let (sum, carry) = last.addingReportingOverflow(reach)
            guard !overflow, !carry else {
                throw .badTensor(name: name, detail: "shape \(shape) with strides \(strides) leaves its storage")
            }
            last = sum
        }
        guard last < storage.view.count else {
            throw .badTensor(
                name: name,
                detail: "shape \(shape) with strides \(strides) from \(offset) needs \(last + 1) elements, "
                    + "its storage has \(storage.view.count)")
        }
        return bytes
    }

    /// The elements, row-major.
    ///
    /// - Precondition: ``checkedByteCount(_:)`` did not throw, and the storage's bytes are at `storage` in `file`.
    func contiguous(in file: MappedFile, storage place: Range<Int>) -> StateTensor {
        let width = elementType.byteCount
        let byteTotal = byteCount(shape: shape, elementType: elementType)!
        let start = place.lowerBound + (storage.view.lowerBound + offset) * width
        let bytes =
            if byteTotal == 0 {
                [UInt8]()
            } else if isContiguous {
                file.bytes(in: start..<start + byteTotal)
            } else {
                file.withBytes(in: start..<place.upperBound) { gathered($0, byteTotal: byteTotal) }
            }
        return StateTensor(shape: shape, elementType: elementType, bytes: bytes)
    }

    /// Whether each stride is the product of the sides after it; those of sides of 1 do not matter.
    private var isContiguous: Bool {
        var expected = 1
        for (side, stride) in zip(shape, strides).reversed() {
            guard side == 1 || stride == expected else { return false }
            expected *= side
        }
        return true
    }

    /// Copies element by element, the last index fastest; `bytes` starts at the first element.
    private func gathered(_ bytes: RawSpan, byteTotal: Int) -> [UInt8] {
        let width = elementType.byteCount
        return [UInt8](unsafeUninitializedCapacity: byteTotal) { target, initialized in
            bytes.withUnsafeBytes { source in
                var index = [Int](repeating: 0, count: shape.count)
                var element = 0
                for place in stride(from: 0, to: byteTotal, by: width) {
                    let from = UnsafeRawBufferPointer(rebasing: source[element * width..<(element + 1) * width])
                    UnsafeMutableRawBufferPointer(target).baseAddress!.advanced(by: place)
                        .copyMemory(from: from.baseAddress!, byteCount: width)
                    var axis = shape.count - 1
                    while axis >= 0 {
                        index[axis] += 1
                        element += strides[axis]
                        if index[axis] < shape[axis] { break }
                        element -= shape[axis] * strides[axis]
                        index[axis] = 0
                        axis -= 1
                    }
                }
            }
            initialized = byteTotal
        }
    }
}
