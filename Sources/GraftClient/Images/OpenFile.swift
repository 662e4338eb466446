import Foundation

/// Why a file cannot be read, in words that follow its name.
package struct FileError: Error, Sendable, Equatable, CustomStringConvertible {
    package var path: String
    package var reason: String

    package init(path: String, reason: String) {
        self.path = path
        self.reason = reason
    }

    package var description: String { "\(path): \(reason)".printable }
}

/// A regular file, open for reading from its beginning on.
struct OpenFile: Sendable {
    let path: String
    /// Its length when it was opened.
    let byteCount: Int

    private let handle: FileHandle

    /// - Throws: where it is missing, a folder, a device or pipe, or may not be read.
    init(reading path: String) throws(FileError) {
        // Without O_NONBLOCK, opening a pipe that nobody writes to would wait for ever.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw FileError(path: path, reason: Self.reason(errno)) }
        handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        var information = stat()
        guard fstat(descriptor, &information) == 0 else { throw FileError(path: path, reason: Self.reason(errno)) }
        switch information.st_mode & S_IFMT {
        case S_IFREG: break
        case S_IFDIR: throw FileError(path: path, reason: "it is a folder")
        default: throw FileError(path: path, reason: "it is not a regular file")
        }
        self.path = path
        byteCount = Int(information.st_size)
    }

    /// The next bytes, at most `count`; none at the end.
    func read(upTo count: Int) throws(FileError) -> Data {
        do {
            return try handle.read(upToCount: count) ?? Data()
        } catch {
            throw FileError(path: path, reason: error.localizedDescription)
        }
    }

    /// What the system calls the error `code`, in lower case as it stands behind a colon.
    static func reason(_ code: CInt) -> String {
        switch code {
        case ENOENT, ENOTDIR: "no such file"
        case EACCES, EPERM: "no permission to read it"
        default: String(cString: strerror(code))
        }
    }
}
