import GraftAPI
import GraftService
import HTTPTypes
import Hummingbird
import NIOCore

extension RouteTable {
    /// How the service is, for people, Prometheus and load balancers.
    mutating func addStatusRoutes(_ service: GraftService, metrics: RequestMetrics) {
        on(.get, "/v1/status") { _, _ in
            try Response(await service.status())
        }
        on(.get, "/v1/report") { request, _ in
            let window = try request.query(
                "last", in: 1...GraftService.reportWindowLimit, default: GraftService.reportWindow)
            return try Response(await service.report(window: window))
        }
        on(.get, "/v1/events") { _, _ in
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
        on(.get, "/metrics") { _, _ in
            let text = await MetricsText(service, metrics)
            return Response(
                status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
                body: .init(byteBuffer: ByteBuffer(string: text.text)))
        }
        on(.get, "/v2/health/live") { _, _ in
            try Response(["live": true])
        }
        on(.get, "/v2/health/ready") { _, _ in
            // The Open Inference Protocol asks for a status of 4xx or 5xx where the server is not ready.
            guard service.isReady else {
                throw Problem(.noBackbone, detail: GraftService.noBackboneHint)
            }
            return try Response(["ready": true])
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
