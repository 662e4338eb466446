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
        on(.get, "/v1/events", by: .classify) { _, _ in
            Response(
                status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"],
                body: ResponseBody { writer in
                    // A comment first, so that the client sees the answer's head at once.
                    try await writer.write(ByteBuffer(string: ": graftd\n\n"))
                    for await event in service.events.listen() {
                        try await writer.write(try event.serverSentEvent())
                    }
                    try await writer.finish(nil)
                })
        }
        on(.get, "/metrics", by: .classify) { _, _ in
            var text = MetricsText()
            metrics.write(to: &text)
            access.write(to: &text)
            let status = await service.status()
            text.write(status)
            text.writeExtraction(status)
            text.writeLatents(status.latents)
            return Response(
                status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
                body: .init(byteBuffer: ByteBuffer(string: text.text)))
        }
    }
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
