import GraftAPI
import Hummingbird

extension RouteTable {
    /// Reads the configuration again; the answer comes when that is done.
    mutating func addReloadRoute(_ reload: @escaping @Sendable () async throws -> Reloaded) {
        on(.post, "/v1/reload", by: .admin) { _, _ in
            try Response(try await reload())
        }
    }
}
