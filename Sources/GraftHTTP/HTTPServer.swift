import GraftAPI
import GraftService
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import ServiceLifecycle

/// The service behind HTTP/1.1 on a Unix socket.
package struct HTTPServer {
    private let router: Router<APIContext>
    /// What there is to ask: method, path and the role that it needs.
    package let operations: [(method: String, path: String, role: Role)]
    private let logger: Logger
    private let metrics: RequestMetrics
    private let access: AccessControl
    private let limits: ConnectionLimits
    private let times: @Sendable () -> ConnectionTimes
    private let loopCount: Int

    /// - Parameters:
    ///   - connectionLimit: how many connections may be open at once.
    ///   - reload: reads the configuration again, for `POST /v1/reload`.
    package init(
        service: GraftService, connectionLimit: Int, reload: @escaping @Sendable () async throws -> Reloaded,
        logger: Logger
    ) {
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
        limits = ConnectionLimits(limit: connectionLimit)
        // An image computes for twenty times as long as its request takes, and fewer threads wake each other less often.
        loopCount = max(1, configuration.threads / 4)
        times = { ConnectionTimes(request: .seconds(Int64(service.configuration.requestTimeoutSeconds))) }
        let routes = RouteTable(service, reload: reload, metrics: metrics, access: access)
        operations = routes.routes.map { ($0.method.rawValue, $0.path, $0.role) }
        router = Router(context: APIContext.self, options: .autoGenerateHeadEndpoints)
        router.add(middleware: ProblemMiddleware(routes: routes, metrics: metrics, logger: logger))
        for route in routes.routes {
            router.on(RouterPath(route.path), method: route.method) { request, context in
                // As any other method that the address does not take.
                guard request.method != .head || route.takesHead else { throw HTTPError(.notFound) }
                try access.admit(request, by: context, needing: route.role)
                if route.isBrief { return try await route.handler(request, context) }
                return try await offEventLoop { try await route.handler(request, context) }
            }
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
        let connection = ConnectionChannel(
            limits: limits, access: access, metrics: metrics, times: times, responder: responder(logger: quiet))
        return Listener(
            socket: socket, connection: connection, logger: quiet, loopCount: loopCount, onListening: onListening)
    }

    /// What answers the requests of connections.
    private func responder(logger: Logger) -> ConnectionChannel.Responder {
        let responder = router.buildResponder()
        let date = HTTPDate()
        return { request, connection in
            let source = ApplicationRequestContextSource(channel: connection.channel, logger: logger)
            var context = APIContext(source: source)
            context.peer = connection.peer
            var response: Response
            do {
                response = try await responder.respond(to: request, context: context)
            } catch {
                response = Response(status: .internalServerError)
            }
            response.headers[.date] = date.now
            response.headers[.server] = "graftd"
            return response
        }
    }
}
