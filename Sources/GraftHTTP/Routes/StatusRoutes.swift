import GraftAPI
import GraftService
import HTTPTypes
import Hummingbird
import NIOCore

extension RouteTable {
    /// How the service is, for people, Prometheus and load balancers.
    mutating func addStatusRoutes(_ service: GraftService, metrics: RequestMetrics, access: AccessControl) {
        on(.get, "/v1/status", by: .classify) { _, _ in
            try Response(await service.status())
        }
        on(.get, "/v1/report", by: .classify) { request, _ in
            let window = try request.query(
                "last", in: 1...GraftService.reportWindowLimit, default: GraftService.reportWindow)
            return try Response(await service.report(window: window))
        }
        on(.get, "/v1/doctor", by: .admin) { _, _ in
            try Response(await service.examine())
        }
        // A stream has no length that could be told before.
        on(.get, "/v1/events", by: .classify, takesHead: false) { _, _ in
            // From here on, so that nothing is missed between the answer's head and the first event.
            let events = service.events.listen()
            return Response(
                status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"],
                body: ResponseBody { writer in
                    // A comment first, so that the client sees the answer's head at once.
                    try await writer.write(ByteBuffer(string: ": graftd\n\n"))
                    for await event in withPauses(events) {
                        try await writer.write(try event?.serverSentEvent() ?? ByteBuffer(string: ": \n\n"))
                    }
                    try await writer.finish(nil)
                })
        }
        on(.get, "/metrics", by: .classify) { _, _ in
            let text = await MetricsText(service, metrics, access)
            return Response(
                status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
                body: .init(byteBuffer: ByteBuffer(string: text.text)))
        }
        on(.get, "/openapi.yaml", by: .classify) { _, _ in
            Response(
                status: .ok, headers: [.contentType: "application/yaml"],
                body: .init(byteBuffer: ByteBuffer(bytes: APIDocument.bytes)))
        }
    }
}

/// `events`, with nil wherever nothing has come for 15 seconds: what is then written finds out whether anybody listens still.
private func withPauses(_ events: AsyncStream<ServiceEvent>) -> AsyncStream<ServiceEvent?> {
    // As many wait here as in the hub; the oldest go first.
    let (stream, continuation) = AsyncStream.makeStream(of: ServiceEvent?.self, bufferingPolicy: .bufferingNewest(256))
    let forwarding = Task {
        for await event in events { continuation.yield(event) }
        continuation.finish()
    }
    let pausing = Task {
        while (try? await Task.sleep(for: .seconds(15))) != nil { continuation.yield(nil) }
    }
    continuation.onTermination = { _ in
        forwarding.cancel()
        pausing.cancel()
    }
    return stream
}

extension ServiceEvent {
    /// The event as `text/event-stream` has it (WHATWG HTML, "Server-sent events").
    fileprivate func serverSentEvent() throws -> ByteBuffer {
        let encoder = APICoding.encoder()
        let data =
            switch self {
            case .sample(let value): try encoder.encode(value)
            case .train(let value): try encoder.encode(value)
            case .published(let value): try encoder.encode(value)
            case .rejected(let value): try encoder.encode(value)
            case .activated(let value): try encoder.encode(value)
            case .rolledBack(let value): try encoder.encode(value)
            case .extraction(let value): try encoder.encode(value)
            }
        return ByteBuffer(string: "event: \(name)\ndata: \(String(decoding: data, as: UTF8.self))\n\n")
    }
}
