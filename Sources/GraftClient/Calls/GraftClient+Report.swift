import GraftAPI

extension GraftClient {
    /// How good the answers are.
    ///
    /// - Parameter window: Over how many of the last taught samples; nil for the daemon's choice.
    package func report(window: Int? = nil) async throws(ClientError) -> Report {
        try await answer(to: Call("GET", RequestTarget("v1", "report", query: [("last", window.map(String.init))])))
    }
}
