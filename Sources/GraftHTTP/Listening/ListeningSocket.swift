import Foundation
import Glibc

/// A Unix socket that listens: one that was inherited, or one of our own.
package struct ListeningSocket: Sendable {
    /// Whoever answers its connections closes it.
    package let descriptor: Int32
    /// Where it is, for people.
    package let path: String
    /// Whether somebody else made it, keeps it open, and owns its file.
    package let isInherited: Bool
    /// The number of the file that was made for it; nil where that is not ours.
    private let file: ino_t?

    /// How many connections may wait to be accepted; the system caps it (`net.core.somaxconn`).
    private static let backlog: Int32 = 4_096

    /// Why there is no socket.
    package enum Failure: Error, Equatable, CustomStringConvertible {
        case taken(path: String)
        case impossible(path: String, reason: String)

        package var description: String {
            switch self {
            case .taken(let path):
                "another daemon answers on \(path): stop it, or choose another socket with --socket"
            case .impossible(let path, let reason):
                "cannot listen on \(path): \(reason); choose another socket with --socket"
            }
        }
    }

    /// A socket that listens already, which stays open elsewhere.
    package init(inherited descriptor: Int32) {
        self.descriptor = descriptor
        path = Self.boundPath(descriptor) ?? "descriptor \(descriptor)"
        isInherited = true
        file = nil
    }

    /// A new socket at `path`, to which everybody may connect: what each may do is decided by their role.
    ///
    /// A leftover of a killed daemon there is replaced; a folder that is missing is made.
    package init(bind path: String) throws {
        let folder = URL(filePath: path).deletingLastPathComponent()
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        if Self.answers(path) { throw Failure.taken(path: path) }
        var status = stat()
        if lstat(path, &status) == 0 {
            guard status.st_mode & S_IFMT == S_IFSOCK else {
                throw Failure.impossible(path: path, reason: "there is something else, not a socket")
            }
            unlink(path)
        }
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_UNIX, kind, 0)
        // Its permissions are right before anybody can connect.
        guard descriptor >= 0, Self.withAddress(of: path, { Glibc.bind(descriptor, $0, $1) }) == 0,
            chmod(path, 0o666) == 0, lstat(path, &status) == 0, listen(descriptor, Self.backlog) == 0
        else {
            let reason = String(cString: strerror(errno))
            if descriptor >= 0 { close(descriptor) }
            throw Failure.impossible(path: path, reason: reason)
        }
        self.descriptor = descriptor
        self.path = path
        isInherited = false
        file = status.st_ino
    }

    /// Removes the socket's file, where that is ours still: another daemon may have made its own there since.
    package func removeFile() {
        var status = stat()
        if let file, lstat(path, &status) == 0, status.st_ino == file { unlink(path) }
    }

    /// Whether somebody has connected and has not been accepted yet.
    var hasWaiting: Bool {
        var state = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&state, 1, 0) == 1 && state.revents & Int16(POLLIN) != 0
    }

    // MARK: -

    /// Whether a daemon accepts connections at `path`.
    private static func answers(_ path: String) -> Bool {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return withAddress(of: path) { connect(descriptor, $0, $1) } == 0
    }

    private static func withAddress<R>(of path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> R) -> R {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }

    /// The path that `descriptor` is bound to; nil where it is no Unix socket.
    private static func boundPath(_ descriptor: Int32) -> String? {
        var address = sockaddr_un()
        var length = socklen_t(MemoryLayout<sockaddr_un>.size)
        let found = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        guard found == 0, address.sun_family == sa_family_t(AF_UNIX) else { return nil }
        return withUnsafeBytes(of: &address.sun_path) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }
}
