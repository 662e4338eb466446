import GraftAPI
import GraftService
import Hummingbird
import Logging
import NIOCore

/// The service behind HTTP/1.1 on a Unix socket.
package struct HTTPServer {
    private let router: Router<BasicRequestContext>
    private let socket: String
    private let logger: Logger

    /// How long a connection may send nothing before it is closed.
    private static let idleTimeout: TimeAmount = .seconds(60)
    /// The longest request head, in bytes.
    private static let headLimit = 16 << 10

    package init(service: GraftService, socket: String, logger: Logger) {
        self.socket = socket
        self.logger = logger
        let metrics = RequestMetrics()
        var routes = RouteTable()
        routes.addModelRoutes(service)
        routes.addExportRoutes(service)
        routes.addSampleRoutes(service)
        routes.addLabelRoutes(service)
        routes.addTrainingRoutes(service)
        routes.addBackboneRoutes(service)
        routes.addBackupRoutes(service)
        routes.addStatusRoutes(service, metrics: metrics)
        router = Router(options: .autoGenerateHeadEndpoints)
        router.add(middleware: ProblemMiddleware(routes: routes, metrics: metrics, logger: logger))
        for route in routes.routes {
            router.on(RouterPath(route.path), method: route.method, use: route.handler)
        }
    }

    /// The server as a service that drains its requests on graceful shutdown.
    ///
    /// - Parameter onListening: called once connections are accepted.
    package func application(onListening: @escaping @Sendable () async -> Void) -> some ApplicationProtocol {
        var quiet = logger
        // Hummingbird's own lines repeat what the daemon says itself.
        quiet.logLevel = max(logger.logLevel, .warning)
        return Application(
            router: router,
            server: .http1(
                configuration: .init(
                    idleTimeout: Self.idleTimeout,
                    httpDecoderConfiguration: .init(
                        maxHeaderFieldSize: Self.headLimit, maxHeaderListSize: Self.headLimit, maxHeaderFieldCount: 100)
                )),
            configuration: .init(address: .unixDomainSocket(path: socket), serverName: "graftd"),
            onServerRunning: { _ in await onListening() },
            logger: quiet)
    }
}
