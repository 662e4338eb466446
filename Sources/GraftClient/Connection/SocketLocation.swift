/// Finds the socket of the daemon.
///
/// In this order: what the caller says, `GRAFTD_SOCKET`, a daemon of the user's own session
/// (`$XDG_RUNTIME_DIR/graftd/graftd.sock`), the system's (`/run/graftd/graftd.sock`). The first two are orders and are
/// taken as they are; of the last two, the first that exists, else the system's, so that an error names it.
package enum SocketLocation {
    /// Where the system service listens.
    package static let system = "/run/graftd/graftd.sock"

    /// The longest path, in bytes, that a socket's address holds (`sun_path` has 108 and ends with a zero).
    package static let pathLimit = 107

    /// The path to connect to.
    ///
    /// - Parameters:
    ///   - explicit: The path that the caller gave, if any.
    ///   - environment: The process's environment.
    ///   - exists: Whether there is anything at a path.
    package static func find(
        explicit: String?, environment: [String: String], exists: (String) -> Bool
    ) throws(ClientError) -> String {
        let path =
            explicit
            ?? environment["GRAFTD_SOCKET"].flatMap { $0.isEmpty ? nil : $0 }
            ?? ofSession(environment).flatMap { exists($0) ? $0 : nil }
            ?? system
        try check(path)
        return path
    }

    /// Throws unless `path` can be the address of a socket.
    package static func check(_ path: String) throws(ClientError) {
        guard !path.isEmpty else { throw .noDaemon(socket: path) }
        guard path.utf8.count <= pathLimit else { throw .socketPathTooLong(path: path) }
    }

    private static func ofSession(_ environment: [String: String]) -> String? {
        guard let folder = environment["XDG_RUNTIME_DIR"], folder.hasPrefix("/") else { return nil }
        return "\(folder)/graftd/graftd.sock"
    }
}
