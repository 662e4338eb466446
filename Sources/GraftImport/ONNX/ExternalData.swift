import Foundation
import GraftCheckpoint

/// The files beside an ONNX file that hold its large tensors, opened when first asked for.
struct ExternalData {
    /// The folder of the ONNX file, which no location leads out of.
    private let folder: String
    private var files: [String: MappedFile] = [:]

    init(folder: String) { self.folder = folder }

    /// The bytes of all files opened so far.
    var byteCount: Int { files.values.reduce(0) { $0 + $1.count } }

    /// The file and the range in it that `place` names, `count` bytes long.
    ///
    /// - Throws: `badTensor` for a place outside of the folder or of its file; `checkpoint` for a file that is not there.
    mutating func bytes(
        at place: ExternalPlace, count: Int, of tensor: String
    ) throws(ImportError) -> (file: MappedFile, range: Range<Int>) {
        let file = try self.file(at: place.location, of: tensor)
        if let length = place.length, length != count {
            throw .badTensor(name: tensor, detail: "has \(length) bytes in '\(place.location)', expected \(count)")
        }
        guard place.offset <= file.count, count <= file.count - Int(place.offset) else {
            throw .badTensor(
                name: tensor,
                detail: "lies outside of '\(place.location)', which has \(file.count) bytes; copy that file again")
        }
        return (file, Int(place.offset)..<Int(place.offset) + count)
    }

    private mutating func file(at location: String, of tensor: String) throws(ImportError) -> MappedFile {
        if let file = files[location] { return file }
        let parts = location.split(separator: "/", omittingEmptySubsequences: false)
        guard !parts.contains(""), !parts.contains(".."), !location.contains("\0") else {
            throw .badTensor(name: tensor, detail: "lies in '\(location)', which is not a path inside the folder")
        }
        guard files.count < 1 << 10 else { throw .tooLarge(what: "files of external data", limit: 1 << 10) }
        let path = "\(folder.isEmpty ? "." : folder)/\(location)"
        // A link may lead where the path does not.
        if let real = realPath(path), let root = realPath(folder.isEmpty ? "." : folder),
            !real.hasPrefix(root == "/" ? root : root + "/")
        {
            throw .badTensor(name: tensor, detail: "lies in '\(location)', a link out of the folder")
        }
        let file = try mapped(path)
        files[location] = file
        return file
    }
}

/// The path without links, or nil if there is nothing.
private func realPath(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
}
