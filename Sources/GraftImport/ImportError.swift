import GraftCheckpoint
import GraftNetwork

/// Why a foreign checkpoint cannot be imported.
package enum ImportError: Error, Equatable, Sendable {
    /// The file cannot be read, or the canonical file not written.
    case checkpoint(CheckpointError)
    /// `found` says what the file looks like.
    case unsupportedFormat(found: String)
    /// The pickle names a global that no state dict needs, e.g. `os.system`; nothing was executed.
    case forbiddenGlobal(name: String)
    /// An opcode outside of those that state dicts are made of.
    case unsupportedOpcode(UInt8, atByte: Int)
    case truncated(atByte: Int)
    case malformed(detail: String)
    /// Something in the file is over the limit for `what`.
    case tooLarge(what: String, limit: Int)
    /// The file was written by a big-endian machine.
    case bigEndian
    /// The pickle is sound but holds no named tensors.
    case noStateDict(found: String)
    /// A tensor's place does not lie in its storage, or its values cannot be weights.
    case badTensor(name: String, detail: String)
    /// An ONNX node whose operator, or the way it is used, is not supported; `detail` says why.
    case unsupportedOperator(operator: String, node: String, detail: String)
    /// An ONNX file is made of operators of another version ("opset").
    case unsupportedOperatorVersion(found: Int64, supported: ClosedRange<Int64>)
    /// The input of an ONNX graph is not an image of a known size.
    case badInput(name: String, shape: String, expected: String)
    /// There is no network before the classifier.
    case noBackbone(detail: String)
    case unknownArchitecture(name: String, known: [String])
    /// The weights fit no architecture; `nearest` are those that they fit best.
    case noArchitecture(nearest: [Fit])
    /// There is no block of that name.
    case unknownBlock(name: String, architecture: String, known: [String])
    case badPreprocessing(detail: String)
    /// A file that says how images are prepared cannot be used.
    case badConfiguration(path: String, detail: String)
    /// Tensors that the architecture needs are missing or have another shape.
    case incomplete(ImportReport, hint: String)
}

extension ImportError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .checkpoint(let error): error.description
        case .unsupportedFormat(let found):
            "the file is \(found); expected a PyTorch checkpoint (.pth, .pt), a safetensors file, "
                + "weights of Keras (.h5, .weights.h5, .keras), or an ONNX graph (.onnx)"
        case .forbiddenGlobal(let name):
            "the pickle refers to '\(name)', which weights do not need, and was not executed; "
                + "save only the weights: torch.save(model.state_dict(), path)"
        case .unsupportedOpcode(let opcode, let offset):
            "byte \(offset): opcode 0x\(String(opcode, radix: 16)) does not belong in a pickled state dict"
        case .truncated(let offset):
            "the file is cut short at byte \(offset); copy or download it again"
        case .malformed(let detail): "the file is damaged: \(detail)"
        case .tooLarge(let what, let limit): "the file has more than \(limit) \(what), the limit"
        case .bigEndian:
            "the file was written on a big-endian machine; load and save it again on a little-endian one"
        case .noStateDict(let found):
            "the file holds \(found), expected named tensors; save them by torch.save(model.state_dict(), path) or, "
                + "in Keras, model.save_weights(path)"
        case .badTensor(let name, let detail): "tensor '\(name)': \(detail)"
        case .unsupportedOperator(let name, let node, let detail): "node '\(node)' is a \(name): \(detail)"
        case .unsupportedOperatorVersion(let found, let supported):
            "the graph is made of ONNX's operators of version \(found), expected \(supported.lowerBound) to "
                + "\(supported.upperBound); export it again with opset_version=17"
        case .badInput(let name, let shape, let expected):
            "the graph's input '\(name)' is \(shape), expected \(expected)"
        case .noBackbone(let detail): "the graph has no network before its classifier: \(detail)"
        case .unknownArchitecture(let name, let known):
            "there is no architecture '\(name)'; known are \(known.joined(separator: ", "))"
        case .noArchitecture(let nearest):
            nearest.isEmpty
                ? "the tensors' names are those of no known architecture (\(Architecture.all.map(\.name).joined(separator: ", ")))"
                : "the weights fit no architecture whole; nearest are "
                    + nearest.map { "\($0.architecture) (\($0.summary))" }.joined(separator: ", ")
                    + ": name one with --arch, and see what `graftctl backbone inspect` says"
        case .unknownBlock(let name, let architecture, let known):
            "\(architecture) has no block '\(name)'; its blocks are \(known.joined(separator: ", "))"
        case .badPreprocessing(let detail): detail
        case .badConfiguration(let path, let detail): "\(path) cannot be used: \(detail)"
        case .incomplete(let report, let hint):
            "the weights do not fit \(report.architecture): \(report.faults); \(hint)"
        }
    }
}
