import Glibc

/// A file that takes the place of another only when it is complete and on the disk.
///
/// It is written beside its destination, under a hidden name, and removed again unless ``publish()`` succeeds.
package final class ReplacementFile {
    private let path: String
    private let folder: String
    private let temporaryPath: String
    private let descriptor: CInt
    private var isPublished = false

    package init(path: String) throws(CheckpointError) {
        self.path = path
        let name: Substring
        if let slash = path.lastIndex(of: "/") {
            folder = slash == path.startIndex ? "/" : String(path[..<slash])
            name = path[path.index(after: slash)...]
        } else {
            (folder, name) = (".", path[...])
        }
        // Of its own name, so that two writers of one file do not meet; the later rename wins.
        temporaryPath = "\(folder)/.\(name).\(String(UInt64.random(in: .min ... .max), radix: 36)).tmp"
        let descriptor = open(temporaryPath, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw .system(operation: "create", path: temporaryPath, code: errno) }
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
        if !isPublished { unlink(temporaryPath) }
    }

    /// Appends `bytes`.
    package func write(_ bytes: [UInt8]) throws(CheckpointError) {
        var code: CInt = 0
        bytes.withUnsafeBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let written = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if written >= 0 {
                    rest = rest.dropFirst(written)
                } else if errno != EINTR {
                    code = errno
                    return
                }
            }
        }
        guard code == 0 else { throw .system(operation: "write", path: temporaryPath, code: code) }
    }

    /// Makes the file durable, puts it in the place of its destination, and makes that durable.
    package func publish() throws(CheckpointError) {
        guard fsync(descriptor) == 0 else { throw .system(operation: "write", path: temporaryPath, code: errno) }
        guard rename(temporaryPath, path) == 0 else { throw .system(operation: "replace", path: path, code: errno) }
        isPublished = true
        let folderDescriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folderDescriptor >= 0 else { throw .system(operation: "open", path: folder, code: errno) }
        defer { close(folderDescriptor) }
        guard fsync(folderDescriptor) == 0 else { throw .system(operation: "write", path: folder, code: errno) }
    }
}
