import GraftAPI
import GraftService
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import ServiceLifecycle

/// The service behind HTTP/1.1 on a Unix socket.
package struct HTTPServer {
    private let router: Router<BasicRequestContext>
    private let logger: Logger

    /// How long a connection may send nothing before it is closed.
    private static let idleTimeout: TimeAmount = .seconds(60)
    /// The longest request head, in bytes.
    private static let headLimit = 16 << 10

    /// - Parameter reload: reads the configuration again, for `POST /v1/reload`.
    package init(
        service: GraftService, reload: @escaping @Sendable () async throws -> Reloaded, logger: Logger
    ) {
        self.logger = logger
        let metrics = RequestMetrics()
        var routes = RouteTable()
        routes.addModelRoutes(service)
        routes.addExportRoutes(service)
        routes.addSampleRoutes(service)
        routes.addLabelRoutes(service)
        routes.addTrainingRoutes(service)
        routes.addBackboneRoutes(service)
        routes.addStatusRoutes(service, metrics: metrics)
        routes.addReloadRoute(reload)
        router = Router(options: .autoGenerateHeadEndpoints)
        router.add(middleware: ProblemMiddleware(routes: routes, metrics: metrics, logger: logger))
        for route in routes.routes {
            router.on(RouterPath(route.path), method: route.method, use: route.handler)
        }
    }

    /// The server as a service that answers on `socket`, and drains its requests on graceful shutdown.
    ///
    /// - Parameter onListening: called once connections are accepted.
    package func service(
        on socket: ListeningSocket, onListening: @escaping @Sendable () async -> Void
    ) -> some Service {
        var quiet = logger
        // Hummingbird's own lines repeat what the daemon says itself.
        quiet.logLevel = max(logger.logLevel, .warning)
        let connection = HTTP1Channel(
            responder: responder(logger: quiet),
            configuration: .init(
                additionalChannelHandlers: [DrainHandler()], idleTimeout: Self.idleTimeout,
                httpDecoderConfiguration: .init(
                    maxHeaderFieldSize: Self.headLimit, maxHeaderListSize: Self.headLimit, maxHeaderFieldCount: 100)))
        return Listener(socket: socket, connection: connection, logger: quiet, onListening: onListening)
    }

    /// Answers one request of a connection.
    private func responder(logger: Logger) -> HTTPChannelHandler.Responder {
        let responder = router.buildResponder()
        let date = HTTPDate()
        return { (request, writer: consuming ResponseWriter, channel) in
            var response: Response
            do {
                let source = ApplicationRequestContextSource(channel: channel, logger: logger)
                response = try await responder.respond(to: request, context: BasicRequestContext(source: source))
            } catch let error as HTTPParserError {
                // The connection cannot go on: it answers and closes.
                throw error
            } catch {
                response = Response(status: .internalServerError)
            }
            response.headers[.date] = date.now
            response.headers[.server] = "graftd"
            try await writer.write(response: response.head, body: response.body)
        }
    }
}
