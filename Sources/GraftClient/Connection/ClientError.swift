import GraftAPI

/// Why a call to the daemon gave no answer, or not the one that was wanted.
package enum ClientError: Error, Sendable, Equatable {
    /// The path does not fit into a socket's address.
    case socketPathTooLong(path: String)
    /// Nothing listens at the socket.
    case noDaemon(socket: String)
    /// The socket's permissions keep this user out.
    case notPermitted(socket: String)
    /// The daemon said no, and why.
    case problem(Problem)
    /// An answer that the API does not have: a foreign server, or a proxy in between.
    case unexpected(status: Int, body: String)
    /// A success whose body is not what this client knows.
    case unreadableAnswer(call: String, detail: String)
    /// No full answer came in time.
    case timedOut(seconds: Int)
    /// The connection broke before the answer was complete.
    case interrupted(detail: String)
    /// The task that waited was cancelled.
    case cancelled
    /// A file that was to be sent cannot be read.
    case unreadableFile(path: String, reason: String)
    /// A file that was to be received cannot be written.
    case unwritableFile(path: String, reason: String)
}

extension ClientError: CustomStringConvertible {
    /// One line: what was expected, what was found, what to do.
    package var description: String {
        switch self {
        case .socketPathTooLong(let path):
            "the socket's path has \(path.utf8.count) bytes, but an address holds \(SocketLocation.pathLimit); "
                + "choose a shorter one: \(path.printable)"
        case .noDaemon(let socket):
            "no daemon listens at '\(socket.printable)'; start it (systemctl start graftd) or name its socket with "
                + "--socket or GRAFTD_SOCKET"
        case .notPermitted(let socket):
            "no permission to use '\(socket.printable)'; ask an administrator to add you to the group graftd, "
                + "then log in again"
        case .problem(let problem):
            Self.sentence(problem)
        case .unexpected(let status, let body):
            "unexpected answer with status \(status)" + (body.isEmpty ? "" : ": \(body.printable)")
                + "; is another server listening at this socket?"
        case .unreadableAnswer(let call, let detail):
            "the answer to \(call) is not understood (\(detail.printable)); "
                + "are client and daemon of the same version?"
        case .timedOut(let seconds):
            "no answer within \(seconds) s; the daemon may be overloaded or stuck, see journalctl -u graftd"
        case .interrupted(let detail):
            "the connection broke before the answer was complete (\(detail.printable)); "
                + "did the daemon stop? See journalctl -u graftd"
        case .cancelled:
            "cancelled"
        case .unreadableFile(let path, let reason):
            "cannot read '\(path.printable)': \(reason)"
        case .unwritableFile(let path, let reason):
            "cannot write '\(path.printable)': \(reason)"
        }
    }

    private static func sentence(_ problem: Problem) -> String {
        guard !problem.detail.isEmpty else { return problem.title.printable }
        // A kind that this client does not know still has its title, which says what the detail is about.
        return problem.kind == nil ? "\(problem.title): \(problem.detail)".printable : problem.detail.printable
    }
}

extension ClientError {
    /// Whether the next call would meet the same: the daemon is away, closed to us, or can learn or answer nothing.
    package var stopsEverything: Bool {
        switch self {
        case .socketPathTooLong, .noDaemon, .notPermitted, .interrupted, .timedOut, .cancelled: true
        case .problem(let problem):
            switch problem.kind {
            case .noBackbone, .noLabels, .stopping, .storeFull, .storeFailed, .internal: true
            default: false
            }
        case .unexpected, .unreadableAnswer, .unreadableFile, .unwritableFile: false
        }
    }
}
