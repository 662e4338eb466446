import GraftAPI

extension GraftClient {
    /// Has the daemon read its configuration again; the answer comes when that is done.
    package func reload() async throws(ClientError) -> Reloaded {
        try await answer(to: Call("POST", RequestTarget("v1", "reload")))
    }
}
