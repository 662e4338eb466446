import GraftAPI
import GraftService
import HTTPTypes
import Hummingbird

/// One operation of the API.
struct Route: Sendable {
    typealias Handler = @Sendable (Request, APIContext) async throws -> Response

    let method: HTTPRequest.Method
    /// A path with `{parameters}`.
    let path: String
    /// The least that a client must be allowed to do.
    let role: Role
    /// Whether its handler does nothing but wait for others, and so may run on an event loop.
    let isBrief: Bool
    /// Whether GET is taken as HEAD too.
    let takesHead: Bool
    let handler: Handler
}

/// Every operation of the API, so that a wrong method can be told from a wrong address.
struct RouteTable: Sendable {
    private(set) var routes: [Route] = []

    /// All that `service` answers.
    ///
    /// - Parameter reload: reads the configuration again.
    init(
        _ service: GraftService, reload: @escaping @Sendable () async throws -> Reloaded, metrics: RequestMetrics,
        access: AccessControl
    ) {
        addModelRoutes(service)
        addExportRoutes(service)
        addSampleRoutes(service)
        addLabelRoutes(service)
        addTrainingRoutes(service)
        addBackboneRoutes(service)
        addBackupRoutes(service)
        addInferenceRoutes(service)
        addStatusRoutes(service, metrics: metrics, access: access)
        addReloadRoute(reload)
    }

    /// - Parameter takesHead: Whether a GET is HEAD too: what that says of the answer takes the work of making it.
    mutating func on(
        _ method: HTTPRequest.Method, _ path: String, by role: Role, isBrief: Bool = false, takesHead: Bool = true,
        _ handler: @escaping Route.Handler
    ) {
        routes.append(
            Route(
                method: method, path: path, role: role, isBrief: isBrief, takesHead: takesHead && method == .get,
                handler: handler))
    }

    /// The methods that `path`, as a client sent it, takes; empty where there is no such address.
    func methods(of path: String) -> [String] {
        let parts = path.split(separator: "/")
        let found = routes.filter { route in
            let pattern = route.path.split(separator: "/")
            return pattern.count == parts.count && zip(pattern, parts).allSatisfy { $0.hasPrefix("{") || $0 == $1 }
        }
        guard !found.isEmpty else { return [] }
        return found.map(\.method.rawValue) + (found.contains(where: \.takesHead) ? ["HEAD"] : []) + ["OPTIONS"]
    }
}
