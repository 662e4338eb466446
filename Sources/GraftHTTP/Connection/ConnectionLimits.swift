import GraftAPI
import Synchronization

/// How many connections there may be at once.
///
/// Those of clients without any role have a small share of their own, so that they cannot keep others out.
package final class ConnectionLimits: Sendable {
    /// Connections that are being told that there are too many.
    private static let refusedLimit = 64

    private enum Place { case client, stranger, refused }

    private let counts = Mutex<[Place: Int]>([:])
    private let limit: Int

    package init(limit: Int) { self.limit = limit }

    package enum Refusal {
        case answered(Problem)
        /// Even for a word there are too many.
        case closed
    }

    /// Runs `body` with one connection more; `body` gets why it may not be served, or nil.
    package func withPlace(for role: Role?, _ body: (Refusal?) async throws -> Void) async throws {
        let (place, refusal) = take(for: role)
        defer { counts.withLock { $0[place]! -= 1 } }
        try await body(refusal)
    }

    /// Connections that are open, whether served or refused.
    package var open: Int { counts.withLock { $0.values.reduce(0, +) } }

    private func take(for role: Role?) -> (Place, Refusal?) {
        let place: Place = role == nil ? .stranger : .client
        let limit = role == nil ? max(1, limit / 16) : limit
        return counts.withLock { counts in
            if counts[place, default: 0] < limit {
                counts[place, default: 0] += 1
                return (place, nil)
            }
            counts[.refused, default: 0] += 1
            guard counts[.refused]! <= Self.refusedLimit else { return (.refused, .closed) }
            return (
                .refused,
                .answered(
                    Problem(.busy, detail: "\(limit) connections are open, as many as may; try again in a second"))
            )
        }
    }
}
