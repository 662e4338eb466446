import GraftAPI
import NIOCore

/// The service itself: its state, health and backbones.
extension GraftClient {
    /// What state the daemon is in.
    package func status() async throws(ClientError) -> Status {
        try await answer(to: Call("GET", RequestTarget("v1", "status")))
    }

    /// Prometheus text.
    package func metrics() async throws(ClientError) -> String {
        String(buffer: try await bytes(of: Call("GET", RequestTarget("metrics"))))
    }

    /// Whether the daemon runs.
    package func live() async throws(ClientError) -> Bool { try await health("live") }

    /// Whether the daemon can classify: it has a backbone and is not stopping.
    package func ready() async throws(ClientError) -> Bool { try await health("ready") }

    private func health(_ aspect: String) async throws(ClientError) -> Bool {
        let call = Call("GET", RequestTarget("v2", "health", aspect))
        let response = try await send(call, deadline: .now() + TimeAmount(timeout), timeout: timeout)
        let body = try await collect(response, timeout: timeout)
        switch Int(response.status.code) {
        case 200..<300: return true
        case 503: return false
        case let status: throw Self.failure(status: status, body: body)
        }
    }

    /// The backbones that the daemon holds.
    package func backbones() async throws(ClientError) -> [BackboneRecord] {
        try await answer(to: Call("GET", RequestTarget("v1", "backbones")), as: BackboneList.self).backbones
    }

    /// Sends the canonical file at `path` as backbone `name`, piece by piece, and waits until the daemon has checked
    /// and loaded it.
    package func putBackbone(_ name: String, file path: String) async throws(ClientError) -> BackboneRecord {
        let file = try FileUpload(path: path)
        var call = Call("PUT", RequestTarget("v1", "backbones", name))
        call.mediaType = "application/octet-stream"
        call.body = .stream(file, length: .known(Int64(file.byteCount)))
        // Hundreds of megabytes onto a slow card may take minutes; this only ends what would never end.
        return try await answer(to: call, timeout: .seconds(3600))
    }
}
