import Foundation
import GraftCheckpoint

/// What is in a foreign file, whatever its format.
package struct Inspection: Codable, Sendable, Equatable {
    package struct Tensor: Codable, Sendable, Equatable {
        package let name: String
        package let shape: [Int]
        /// E.g. `F32`, as safetensors has it.
        package let elementType: String
    }

    /// In words, e.g. `PyTorch, zip form`.
    package let format: String
    /// In the file's order; a graph's initializers.
    package let tensors: [Tensor]
    /// The architectures that know its names, the best fit first; none for a graph, which is its own.
    package let fits: [Fit]
    /// What only a graph has.
    package let graph: ONNXDescription?

    /// Elements in all tensors.
    package var elementCount: Int { tensors.reduce(0) { $0 + $1.shape.reduce(1, *) } }

    /// - Throws: what the readers throw.
    package init(path: String) throws(ImportError) {
        let file = try mapped(path)
        if isONNX(file) {
            let graph = try describeONNX(file)
            format = "ONNX"
            self.graph = graph
            tensors = graph.initializers.map { Tensor(name: $0.name, shape: $0.shape, elementType: $0.elementType) }
            fits = []
            return
        }
        let stateDict = try readStateDict(file)
        format = ForeignFormat(file)?.description ?? "unknown"
        graph = nil
        tensors = stateDict.names.map { name in
            let tensor = stateDict[name]!
            return Tensor(name: name, shape: tensor.shape, elementType: tensor.elementType.rawValue)
        }
        fits = try Fit.all(of: stateDict)
    }
}

/// The formats of named tensors, by their first bytes.
enum ForeignFormat: CustomStringConvertible {
    case torchArchive, torchStream, safetensors, hdf5, kerasArchive

    /// nil for none of them.
    init?(_ file: MappedFile) {
        let head = file.bytes(in: 0..<min(file.count, 9))
        if head.starts(with: ZipArchive.signature) {
            let isKeras = (try? KerasFile.weights(in: file)) ?? nil != nil
            self = isKeras ? .kerasArchive : .torchArchive
        } else if head.count >= 2, head[0] == 0x80, (2...5).contains(head[1]) {
            self = .torchStream
        } else if head.starts(with: [0x89, 0x48, 0x44, 0x46]) {
            self = .hdf5
        } else if head.count == 9, head[8] == UInt8(ascii: "{") {
            self = .safetensors
        } else {
            return nil
        }
    }

    var description: String {
        switch self {
        case .torchArchive: "PyTorch, zip form"
        case .torchStream: "PyTorch, stream form"
        case .safetensors: "safetensors"
        case .hdf5: "Keras, HDF5"
        case .kerasArchive: "Keras, archive"
        }
    }
}
