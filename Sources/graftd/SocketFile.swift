import Foundation
import Glibc

/// The socket's place in the file system.
enum SocketFile {
    /// Why the socket cannot be taken.
    struct Taken: Error, CustomStringConvertible {
        let path: String
        var description: String {
            "another daemon answers on \(path): stop it, or choose another socket with --socket"
        }
    }

    /// Makes the socket's folder, and makes sure that nobody answers there: a leftover of a killed daemon is fine.
    static func prepare(_ path: String) throws {
        let folder = URL(filePath: path).deletingLastPathComponent()
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o750])
        if answers(path) { throw Taken(path: path) }
    }

    /// Lets the socket's group connect, and nobody else but the owner.
    static func openToGroup(_ path: String) { chmod(path, 0o660) }

    static func remove(_ path: String) { unlink(path) }

    private static func answers(_ path: String) -> Bool {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
    }
}
