import Glibc
import GraftCheckpoint
import GraftLearning
import GraftNetwork
import GraftTensor

/// A version's file: its head and, where the version was tuned, the weights of the blocks that are its own.
struct VersionFile: Sendable {
    let head: VersionHead
    /// The parameters of its own blocks by name; empty for a head over what the backbone gives.
    let ownParameters: Set<String>
    private let file: SafetensorsFile

    /// What the names of own parameters begin with in the file.
    static let prefix = ModelMetadata.topPrefix

    /// - Parameter featureCount: That of the backbone.
    init(path: String, featureCount: Int) throws(CheckpointError) {
        file = try SafetensorsFile(path: path)
        head = try VersionHead(file: file, featureCount: featureCount)
        ownParameters = Set(
            file.names.filter { $0.hasPrefix(Self.prefix) }.map { String($0.dropFirst(Self.prefix.count)) })
    }

    /// Whether the file at `path` is gone, or not what `digest` says of it. One that cannot be opened now is neither.
    static func isDamaged(_ path: String, digest: String, featureCount: Int) -> Bool {
        do {
            let found = try MappedFile(path: path, byteLimit: Configuration.backboneLimit).digest().description
            guard found == digest else { return true }
            _ = try VersionFile(path: path, featureCount: featureCount)
            return false
        } catch .system(_, _, let code) {
            return code == ENOENT
        } catch {
            return true
        }
    }

    /// The version's own elements of `parameter`; nil where it has those of the backbone.
    func elements(of parameter: Parameter) throws(CheckpointError) -> [Float]? {
        guard ownParameters.contains(parameter.name) else { return nil }
        let elements = try file.floats(Self.prefix + parameter.name, shape: parameter.shape)
        guard elements.allSatisfy(\.isFinite) else {
            throw .malformed(detail: "a weight of '\(parameter.name)' is no finite number")
        }
        return elements
    }

    /// The version's own tensors, as they are in the file.
    func ownTensors() throws(CheckpointError) -> StateDict {
        var tensors: StateDict = [:]
        for tensor in file.tensors where tensor.name.hasPrefix(Self.prefix) {
            let floats = try file.floats(tensor.name, shape: tensor.shape)
            tensors.add(StateTensor(shape: tensor.shape, floats: floats), as: tensor.name)
        }
        return tensors
    }

    /// Writes a version's file; `parameters` holds own elements by name, in the layout of `blocks`.
    static func write(
        _ head: VersionHead, parameters: [String: [Float]], of blocks: [Block], metadata: [String: String],
        to path: String
    ) throws(CheckpointError) {
        var tensors = head.stateDict()
        for parameter in blocks.flatMap(\.parameters) {
            guard let elements = parameters[parameter.name] else { continue }
            tensors.add(StateTensor(shape: parameter.shape, floats: elements), as: prefix + parameter.name)
        }
        try SafetensorsWriter.write(tensors, metadata: metadata.merging(head.metadata) { $1 }, to: path)
    }
}
