import GraftCheckpoint

/// The weights in an HDF5 file that Keras wrote: a legacy `.h5` of weights or of a whole model, or a `.weights.h5`.
struct KerasFile {
    /// The arrays by their names in Keras, e.g. `block1_conv1/kernel`, in the order of the layers where the file tells it.
    let datasets: [(name: String, dataset: HDF5Dataset)]
    /// By the datasets' paths; none unless they were asked for.
    private let elements: [String: [UInt8]]

    /// What every HDF5 file begins with.
    private static let signature: [UInt8] = [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]

    /// Where `file` holds the HDF5 file: it may be one, or a `.keras` archive with one in it; nil if it is neither.
    static func weights(in file: MappedFile) throws(ImportError) -> Range<Int>? {
        let head = file.bytes(in: 0..<min(file.count, signature.count))
        if head == signature { return 0..<file.count }
        return head.starts(with: ZipArchive.signature) ? try ZipArchive(file)["model.weights.h5"] : nil
    }

    /// - Parameters:
    ///   - range: Where in `file` the HDF5 file is.
    ///   - wantsElements: Whether elements are read, or only names, shapes and types.
    /// - Throws: `malformed`, `unsupportedFormat`, `tooLarge`, or `noStateDict`.
    init(_ file: MappedFile, range: Range<Int>, wantsElements: Bool) throws(ImportError) {
        var reader = try HDF5Reader(file, range: range, wantsElements: wantsElements)
        var attributes: [String: [String: [String]]] = [:]
        var datasets: [HDF5Dataset] = []
        var elements: [String: [UInt8]] = [:]
        while let record = try reader.next() {
            switch record {
            case .attribute(let path, let name, let values): attributes[path, default: [:]][name] = values
            case .dataset(let dataset):
                // An optimiser's arrays are twice the weights, and nothing asks for them.
                if ["optimizer", "optimizer_weights"].contains(dataset.path.prefix { $0 != "/" }) { continue }
                datasets.append(dataset)
                guard elements.updateValue(try reader.elements(), forKey: dataset.path) == nil else {
                    throw .malformed(detail: "two arrays are called '\(dataset.path)'")
                }
            }
        }
        self.datasets = try KerasNames(attributes: attributes).named(datasets)
        self.elements = elements
        guard !self.datasets.isEmpty else { throw .noStateDict(found: "no arrays of numbers") }
    }

    /// The arrays with their elements, in Keras' layout.
    ///
    /// - Precondition: elements were asked for.
    func stateDict() -> StateDict {
        var stateDict = StateDict()
        for (name, dataset) in datasets {
            let tensor = StateTensor(
                shape: dataset.shape, elementType: dataset.elementType, bytes: elements[dataset.path]!)
            stateDict.add(tensor, as: name)
        }
        return stateDict
    }
}

/// What a tensor of a checkpoint is, without its elements.
package struct TensorSummary: Sendable, Equatable {
    package let name: String
    package let shape: [Int]
    package let elementType: ElementType
}

/// The tensors of a file that Keras wrote, none of which is read; nil if `file` is of another format.
package func kerasSummaries(_ file: MappedFile) throws(ImportError) -> [TensorSummary]? {
    guard let weights = try KerasFile.weights(in: file) else { return nil }
    return try KerasFile(file, range: weights, wantsElements: false).datasets.map { name, dataset in
        TensorSummary(name: name, shape: dataset.shape, elementType: dataset.elementType)
    }
}
