import NIOCore

/// Who is at the other end of a connection: the process as it was when it connected, by the kernel's word (unix(7)).
package struct Peer: Sendable, Equatable {
    package var process: Int32
    package var user: UInt32
    /// The primary group first.
    package var groups: [UInt32]

    package init(process: Int32, user: UInt32, groups: [UInt32]) {
        self.process = process
        self.user = user
        self.groups = groups
    }

    /// Reads it from the socket; nil where that is no Unix socket.
    static func read(from channel: any Channel) -> EventLoopFuture<Peer?> {
        guard let socket = channel as? any SocketOptionProvider else {
            return channel.eventLoop.makeSucceededFuture(nil)
        }
        let credentials: EventLoopFuture<Credentials> = socket.unsafeGetSocketOption(
            level: .socket, name: .init(rawValue: Credentials.option))
        let groups: EventLoopFuture<[UInt32]> = socket.unsafeGetSocketOption(
            level: .socket, name: .init(rawValue: SupplementaryGroups.option)
        ).map { (groups: SupplementaryGroups) in groups.identifiers }
        return credentials.and(groups.recover { _ in [] }).map { credentials, groups in
            Peer(
                process: credentials.process, user: credentials.user,
                groups: [credentials.group] + groups.filter { $0 != credentials.group })
        }.recover { _ in nil }
    }

    /// `struct ucred`, which `SO_PEERCRED` fills.
    private struct Credentials: Sendable {
        static let option: CInt = 17
        var process: Int32
        var user: UInt32
        var group: UInt32
    }

    /// What `SO_PEERGROUPS` fills. A process of more groups than fit counts by its primary one.
    private struct SupplementaryGroups: Sendable {
        static let option: CInt = 59
        var elements = [1_024 of UInt32](repeating: 0)

        /// Without 0, which also fills the rest: belonging to root's group gives no right.
        var identifiers: [UInt32] {
            // The subscript of the array itself copies all of it, 4 KB, for each element.
            let elements = elements.span
            return elements.indices.compactMap { elements[$0] == 0 ? nil : elements[$0] }
        }
    }
}
