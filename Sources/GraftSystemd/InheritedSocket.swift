import CSystemd
import Glibc

/// A listening socket that the service manager opened and keeps open (sd_listen_fds(3)).
package struct InheritedSocket: Sendable, Equatable {
    package let descriptor: Int32
    /// The socket unit's `FileDescriptorName=`.
    package let name: String

    /// Why what was inherited cannot be used.
    package enum Failure: Error, Equatable, CustomStringConvertible {
        case unreadable(reason: String)
        case notListening(name: String)

        package var description: String {
            switch self {
            case .unreadable(let reason):
                "the inherited descriptors (LISTEN_FDS) cannot be read: \(reason); start this through its socket unit"
            case .notListening(let name):
                "the inherited descriptor '\(name)' is no listening stream socket: the socket unit needs ListenStream="
            }
        }
    }

    /// Every socket that this process was started with; none where it was started otherwise. Children inherit neither them nor
    /// word of them.
    ///
    /// It changes the environment, so it comes before any thread, and only once.
    package static func takeAll() throws(Failure) -> [InheritedSocket] {
        defer { for name in ManagerVariables.sockets { unsetenv(name) } }
        return try all(in: ManagerVariables.own)
    }

    /// The sockets that `environment` speaks of, if it speaks to this process.
    ///
    /// - Parameter first: The lowest of their descriptors; another one only in tests.
    package static func all(
        in environment: [String: String], first: Int32 = SD_LISTEN_FDS_START
    ) throws(Failure) -> [InheritedSocket] {
        guard let process = environment["LISTEN_PID"], let counted = environment["LISTEN_FDS"] else { return [] }
        guard let pid = pid_t(process) else {
            throw .unreadable(reason: "LISTEN_PID is '\(process)', which is no process")
        }
        guard pid == getpid() else { return [] }
        guard let count = Int32(counted), (0...Int32.max - first).contains(count) else {
            throw .unreadable(reason: "LISTEN_FDS is '\(counted)', which is no count")
        }
        let names = environment["LISTEN_FDNAMES"]?.split(separator: ":", omittingEmptySubsequences: false)
        guard names == nil || names?.count == Int(count) else {
            throw .unreadable(reason: "LISTEN_FDNAMES names \(names?.count ?? 0) of \(count) descriptors")
        }
        var sockets: [InheritedSocket] = []
        for index in 0..<count {
            let (descriptor, name) = (first + index, names.map { String($0[Int(index)]) } ?? "unknown")
            guard fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0,
                sd_is_socket(descriptor, 0, Int32(SOCK_STREAM.rawValue), 1) > 0
            else { throw .notListening(name: name) }
            sockets.append(InheritedSocket(descriptor: descriptor, name: name))
        }
        return sockets
    }
}
