import GraftAPI

extension GraftClient {
    /// What is wrong with the daemon's state; it looks at every byte and every sample.
    package func examination() async throws(ClientError) -> Examination {
        // Gigabytes on a slow card take minutes.
        try await answer(to: Call("GET", RequestTarget("v1", "doctor")), timeout: .seconds(3600))
    }
}
