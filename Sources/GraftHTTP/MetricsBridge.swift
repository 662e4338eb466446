import GraftAPI
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle

/// Answers `GET /metrics` with what a daemon's socket answers to it, and nothing else: for Prometheus, which speaks TCP only.
package struct MetricsBridge: Sendable {
    /// The daemon's socket.
    private let socket: String
    private let logger: Logger
    private let outage = Outage()

    /// The longest answer that is passed on, in bytes.
    private static let answerLimit = 16 << 20
    private static let idleTimeout: TimeAmount = .seconds(60)

    package init(socket: String, logger: Logger) {
        self.socket = socket
        self.logger = logger
    }

    /// The bridge as a service that answers on `listening`, which may be a socket of any family.
    package func service(on listening: ListeningSocket) -> some Service {
        let connection = HTTP1Channel(
            responder: { request, writer, _ in
                let response = await answer(request)
                try await writer.write(response: response.head, body: response.body)
            },
            configuration: .init(idleTimeout: Self.idleTimeout))
        return Listener(
            socket: listening, connection: connection, logger: logger, loopCount: 1, onListening: {})
    }

    private func answer(_ request: Request) async -> Response {
        guard request.uri.path == "/metrics" else {
            return Self.text(.notFound, "there is nothing here but /metrics\n")
        }
        guard request.method == .get || request.method == .head else {
            var response = Self.text(.methodNotAllowed, "/metrics takes GET\n")
            response.headers[.allow] = "GET, HEAD"
            return response
        }
        do {
            let metrics = try await metrics()
            return Response(
                status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
                body: request.method == .head ? .init() : .init(byteBuffer: metrics))
        } catch {
            return Self.text(.badGateway, "\(error)\n")
        }
    }

    /// The daemon's metrics. Prometheus asks every few seconds: the log hears when that begins to fail, and when it works again.
    package func metrics() async throws(NoMetrics) -> ByteBuffer {
        do {
            let metrics = try await fetch()
            if outage.worked() { logger.notice("\(socket) gives metrics again") }
            return metrics
        } catch {
            let failure = NoMetrics(description: "\(socket) gives no metrics: \(error)")
            if outage.failed(failure.description) { logger.error("\(failure)") }
            throw failure
        }
    }

    private static func text(_ status: HTTPResponse.Status, _ text: String) -> Response {
        Response(
            status: status, headers: [.contentType: "text/plain; charset=utf-8"],
            body: .init(byteBuffer: ByteBuffer(string: text)))
    }

    /// Why the daemon's answer cannot be passed on.
    package struct NoMetrics: Error, CustomStringConvertible {
        package let description: String
    }

    /// The body of the daemon's answer. One short answer a connection needs no client library.
    private func fetch() async throws -> ByteBuffer {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(unixDomainSocketPath: socket) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        let answer = try await channel.executeThenClose { inbound, outbound in
            try await outbound.write(
                ByteBuffer(string: "GET /metrics HTTP/1.1\r\nhost: graftd\r\nconnection: close\r\n\r\n"))
            var answer = ByteBuffer()
            for try await piece in inbound {
                answer.writeImmutableBuffer(piece)
                guard answer.readableBytes <= Self.answerLimit else {
                    throw NoMetrics(description: "its answer has more than \(Self.answerLimit) bytes")
                }
            }
            return answer
        }
        let text = String(buffer: answer)
        guard let end = text.firstRange(of: "\r\n\r\n") else { throw NoMetrics(description: "its answer is cut short") }
        guard text.hasPrefix("HTTP/1.1 200 ") else {
            throw NoMetrics(description: "it answers '\(text.prefix { !$0.isNewline })'")
        }
        return ByteBuffer(substring: text[end.upperBound...])
    }
}
