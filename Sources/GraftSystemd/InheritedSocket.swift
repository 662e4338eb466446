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

    /// Every socket that this process was started with; none where it was started otherwise. Children do not inherit them.
    ///
    /// It changes the environment, so it comes before any thread that reads it.
    package static func all() throws(Failure) -> [InheritedSocket] {
        var names: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
        let count = sd_listen_fds_with_names(1, &names)
        guard count >= 0 else { throw .unreadable(reason: String(cString: strerror(-count))) }
        defer {
            for index in 0..<Int(count) { free(names?[index]) }
            free(names)
        }
        var sockets: [InheritedSocket] = []
        for index in 0..<count {
            let name = names?[Int(index)].map { String(cString: $0) } ?? "unknown"
            let descriptor = SD_LISTEN_FDS_START + index
            guard sd_is_socket(descriptor, 0, Int32(SOCK_STREAM.rawValue), 1) > 0 else {
                throw .notListening(name: name)
            }
            sockets.append(InheritedSocket(descriptor: descriptor, name: name))
        }
        return sockets
    }
}
