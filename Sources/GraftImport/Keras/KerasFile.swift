import GraftCheckpoint

/// The weights in an HDF5 file that Keras wrote: a legacy `.h5` of weights or of a whole model, or a `.weights.h5`.
struct KerasFile {
    /// The arrays, in the order of the layers where the file tells it.
    let tensors: [(name: String, dataset: HDF5Dataset)]
    /// By the datasets' paths; none unless they were asked for.
    private let elements: [String: [UInt8]]

    /// What every HDF5 file begins with.
    static let signature: [UInt8] = [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]

    /// Where a `.keras` archive holds its `.weights.h5`, or nil if `file` is another kind of zip archive.
    static func weights(inArchive file: MappedFile) throws(ImportError) -> Range<Int>? {
        try ZipArchive(file)["model.weights.h5"]
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
        guard !datasets.isEmpty else { throw .noStateDict(found: "no arrays of numbers") }
        tensors = try KerasNames(attributes: attributes).named(datasets)
        self.elements = elements
    }

    /// The weights by their names in Keras, e.g. `block1_conv1/kernel`, in Keras's layout.
    ///
    /// - Precondition: elements were asked for.
    consuming func stateDict() -> StateDict {
        var stateDict = StateDict()
        for (name, dataset) in tensors {
            stateDict.add(
                StateTensor(shape: dataset.shape, elementType: dataset.elementType, bytes: elements[dataset.path]!),
                as: name)
        }
        return stateDict
    }
}
