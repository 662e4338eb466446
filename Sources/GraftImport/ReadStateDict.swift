import GraftCheckpoint

/// The longest checkpoint that is read, in bytes: several times VGG19's.
private let checkpointByteLimit = 4 << 30

/// The named tensors of the checkpoint at `path`: torch's stream or zip form, safetensors, or what Keras writes, told
/// apart by their bytes.
///
/// Prefixes that wrappers put before every name (`module.` of data-parallel training and the like) are removed.
package func readStateDict(path: String) throws(ImportError) -> StateDict {
    try readStateDict(try mapped(path))
}

func mapped(_ path: String) throws(ImportError) -> MappedFile {
    do throws(CheckpointError) {
        return try MappedFile(path: path, byteLimit: checkpointByteLimit)
    } catch {
        throw .checkpoint(error)
    }
}

/// The named tensors of `file`, as above.
package func readStateDict(_ file: MappedFile) throws(ImportError) -> StateDict {
    let head = file.bytes(in: 0..<min(file.count, 9))
    if let weights = try KerasFile.weights(in: file) {
        return try KerasFile(file, range: weights, wantsElements: true).stateDict()
    }
    if head.starts(with: ZipArchive.signature) {
        return try TorchFile(archive: file).stateDict().withoutCommonPrefixes()
    }
    if head.count >= 2, head[0] == 0x80, (2...5).contains(head[1]) {
        return try TorchFile(stream: file).stateDict().withoutCommonPrefixes()
    }
    if head.count == 9, head[8] == UInt8(ascii: "{") {
        do throws(CheckpointError) {
            return try SafetensorsFile(file).stateDict().withoutCommonPrefixes()
        } catch {
            throw .checkpoint(error)
        }
    }
    throw .unsupportedFormat(found: kindOfForeignFile(file))
}
