import GraftAPI
import Hummingbird
import Logging
import Synchronization

/// Lets requests through whose clients have the role that they need; counts and logs the others.
final class AccessControl: Sendable {
    private let roles: RoleTable
    private let logger: Logger
    private let state = Mutex(State())

    private struct State {
        var refused: [Role: Int] = [:]
        var log = RefusalLog()
    }

    init(roles: RoleTable, logger: Logger) {
        self.roles = roles
        self.logger = logger
    }

    /// The highest role of `peer`; nil where it has none.
    func role(of peer: Peer?) -> Role? { roles.role(of: peer) }

    /// - Throws: `Problem` of kind `forbidden` where the client's role is less than `needed`.
    func admit(_ request: Request, by context: APIContext, needing needed: Role) throws(Problem) {
        let role = roles.role(of: context.peer)
        if let role, role >= needed { return }
        let user = context.peer?.user
        let silent = state.withLock { state in
            state.refused[needed, default: 0] += 1
            return state.log.note(user, at: .now)
        }
        if let silent {
            logger.warning(
                "a request was refused: it needs the role \(needed.rawValue)",
                metadata: [
                    "user": "\(user.map(String.init) ?? "unknown")",
                    "process": "\(context.peer.map { String($0.process) } ?? "unknown")",
                    "request": "\(request.method) \(request.uri.path)", "refused_before": "\(silent)",
                ])
        }
        let found = role.map { "has the role \($0.rawValue)" } ?? "has no role"
        throw Problem(
            .forbidden,
            detail: "\(request.method) \(request.uri.path) needs the role \(needed.rawValue), and user "
                + "\(user.map(String.init) ?? "unknown") \(found); \(roles.advice(for: needed))")
    }
}

extension AccessControl {
    func write(to text: inout MetricsText) {
        let refused = state.withLock { $0.refused }
        text.family(
            "graftd_http_forbidden_total", type: "counter", help: "Requests refused for want of a role, by that role.")
        for role in Role.allCases {
            text.sample("graftd_http_forbidden_total", [("role", role.rawValue)], Double(refused[role] ?? 0))
        }
    }
}
