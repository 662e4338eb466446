import GraftAPI
import GraftService
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore

/// The service behind HTTP/1.1 on a Unix socket.
package struct HTTPServer {
    private let router: Router<APIContext>
    private let socket: String
    private let logger: Logger
    private let metrics: RequestMetrics
    private let access: AccessControl
    private let limits: ConnectionLimits
    private let times: ConnectionTimes

    package init(service: GraftService, socket: String, logger: Logger) {
        self.socket = socket
        self.logger = logger
        let configuration = service.configuration
        let metrics = RequestMetrics()
        let access = AccessControl(
            roles: RoleTable(names: [
                .classify: configuration.classifyGroup, .teach: configuration.teachGroup,
                .admin: configuration.adminGroup,
            ]), logger: logger)
        self.metrics = metrics
        self.access = access
        limits = ConnectionLimits(limit: configuration.connectionLimit)
        times = ConnectionTimes(request: .seconds(Int64(configuration.requestTimeoutSeconds)))
        var routes = RouteTable()
        routes.addModelRoutes(service)
        routes.addExportRoutes(service)
        routes.addSampleRoutes(service)
        routes.addLabelRoutes(service)
        routes.addTrainingRoutes(service)
        routes.addBackboneRoutes(service)
        routes.addInferenceRoutes(service)
        routes.addStatusRoutes(service, metrics: metrics, access: access)
        router = Router(context: APIContext.self, options: .autoGenerateHeadEndpoints)
        router.add(middleware: ProblemMiddleware(routes: routes, metrics: metrics, logger: logger))
        for route in routes.routes {
            router.on(RouterPath(route.path), method: route.method) { request, context in
                try access.admit(request, by: context, needing: route.role)
                return try await route.handler(request, context)
            }
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
            server: HTTPServerBuilder { [limits, access, metrics, times] responder in
                ConnectionChannel(
                    limits: limits, access: access, metrics: metrics, times: times, responder: responder)
            },
            configuration: .init(address: .unixDomainSocket(path: socket), serverName: "graftd", backlog: 4_096),
            onServerRunning: { _ in await onListening() },
            logger: quiet)
    }
}
