import GraftAPI
import HTTPTypes
import Hummingbird
import Logging
import NIOCore

/// Turns every error into a problem document, counts every answer, and logs the failures that are ours.
struct ProblemMiddleware: RouterMiddleware {
    let routes: RouteTable
    let metrics: RequestMetrics
    let logger: Logger
    private let faults = OpenFaults()

    init(routes: RouteTable, metrics: RequestMetrics, logger: Logger) {
        self.routes = routes
        self.metrics = metrics
        self.logger = logger
    }

    func handle(
        _ request: Request, context: APIContext, next: (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        let start = ContinuousClock.now
        let response: Response
        do {
            response = try await next(request, context)
            if let kind = faults.end(of: Self.operation(request, context)) {
                logger.notice("what failed with '\(kind.title)' works again")
            }
        } catch let error as any HTTPResponseError where error.status == .notFound && request.method == .options {
            response = options(of: request)
        } catch {
            let problem = problem(for: error, request: request)
            if faults.isNew(problem, in: Self.operation(request, context)) {
                logger.error(
                    "\(problem.detail)",
                    metadata: [
                        "request": "\(request.method) \(request.uri.path)", "problem": "\(problem.type)",
                    ])
            }
            response = try Response(
                problem, methods: routes.methods(of: request.uri.path),
                isInference: request.uri.path == "/v2" || request.uri.path.hasPrefix("/v2/"))
        }
        metrics.record(
            route: context.endpointPath ?? "unknown", method: request.method.rawValue, status: response.status.code,
            duration: ContinuousClock.now - start)
        return response
    }

    private static func operation(_ request: Request, _ context: APIContext) -> String {
        "\(request.method) \(context.endpointPath ?? "")"
    }

    /// What may be asked at the request's address (RFC 9110, 9.3.7).
    private func options(of request: Request) -> Response {
        let methods = request.uri.path == "*" ? ["OPTIONS"] : routes.methods(of: request.uri.path)
        return Response(
            status: methods.isEmpty ? .notFound : .noContent,
            headers: methods.isEmpty ? [:] : [.allow: methods.joined(separator: ", ")])
    }

    private func problem(for error: any Error, request: Request) -> Problem {
        switch error {
        case let problem as Problem:
            return problem
        case let error as any HTTPResponseError where error.status == .notFound:
            let methods = routes.methods(of: request.uri.path)
            if methods.isEmpty {
                return Problem(
                    .notFound, detail: "there is nothing at \(request.uri.path); see the README for the API's paths")
            }
            return Problem(
                .methodNotAllowed,
                detail: "\(request.uri.path) takes \(methods.joined(separator: ", ")), not \(request.method)")
        case let error as any HTTPResponseError where error.status.code < 500:
            return Problem(.badRequest, detail: "\(error)")
        case is CancellationError:
            return Problem(.stopping, detail: "the request was cancelled; send it again")
        default:
            return Problem(.internal, detail: "\(error)")
        }
    }
}

extension Response {
    /// A problem document; `methods` are what a 405 allows.
    ///
    /// - Parameter isInference: Whether the Open Inference Protocol says how it looks instead.
    init(_ problem: Problem, methods: [String], isInference: Bool = false) throws {
        var headers: HTTPFields = [.contentType: isInference ? APICoding.json : APICoding.problem]
        if problem.kind == .methodNotAllowed { headers[.allow] = methods.joined(separator: ", ") }
        // One image takes tens of milliseconds, so a full queue has room again within a second.
        if problem.kind == .busy { headers[.retryAfter] = "1" }
        let encoder = APICoding.encoder()
        let body = isInference ? try encoder.encode(InferenceError(error: problem.detail)) : try encoder.encode(problem)
        self.init(
            status: .init(code: problem.status), headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: body)))
    }

    /// The answer that is given most.
    init(_ classification: Classification) throws {
        let json = try classification.json() ?? [UInt8](APICoding.encoder().encode(classification))
        self.init(
            status: .ok, headers: [.contentType: APICoding.json], body: .init(byteBuffer: ByteBuffer(bytes: json)))
    }

    /// A JSON answer.
    init(_ value: some Encodable, status: HTTPResponse.Status = .ok, location: String? = nil) throws {
        var headers: HTTPFields = [.contentType: APICoding.json]
        if let location { headers[.location] = location }
        let body = try APICoding.encoder().encode(value)
        self.init(status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: body)))
    }
}
