import AsyncHTTPClient
import Foundation
import GraftAPI
import NIOCore
import NIOFoundationCompat

/// A client of the daemon's API, over its Unix socket. Calls may be made from many tasks at once.
///
/// End it with ``shutdown()``, or use ``withClient(socket:_:)``, which does.
package struct GraftClient: Sendable {
    /// The path of the daemon's socket.
    package let socket: String
    /// How often, and when, a call that a busy daemon refused is made again.
    package var retries = RetrySchedule()
    /// How long a call may take, with all its retries; sending a backbone and reading events have no limit.
    package var timeout: Duration

    private let http: HTTPClient

    /// A client of the daemon at `socket`; it connects on its first call.
    ///
    /// - Throws: ``ClientError/socketPathTooLong(path:)``.
    package init(socket: String, timeout: Duration = .seconds(120)) throws(ClientError) {
        try SocketLocation.check(socket)
        self.socket = socket
        self.timeout = timeout
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow, timeout: .init(connect: .seconds(10)))
        // A socket that is not there is told at once; whoever waits for a daemon says so with a loop of their own.
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 64
        http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    /// Closes the connections. No call may be made after it.
    package func shutdown() async {
        // It can only fail where it was done before, which changes nothing.
        try? await http.shutdown()
    }

    /// The result of `body` with a client of the daemon at `socket`, which is shut down however `body` ends.
    @discardableResult
    package static func withClient<Result>(
        socket: String, timeout: Duration = .seconds(120), _ body: (GraftClient) async throws -> Result
    ) async throws -> Result {
        let client = try GraftClient(socket: socket, timeout: timeout)
        do {
            let result = try await body(client)
            await client.shutdown()
            return result
        } catch {
            await client.shutdown()
            throw error
        }
    }
}

// MARK: One call

extension GraftClient {
    /// What is asked of the daemon.
    struct Call: Sendable {
        var method: String
        var target: RequestTarget
        var mediaType: String?
        var body: HTTPClientRequest.Body?
        var retries = RetrySchedule.once

        init(_ method: String, _ target: RequestTarget) {
            self.method = method
            self.target = target
        }

        /// A call whose body is `value` as JSON.
        init(_ method: String, _ target: RequestTarget, json value: some Encodable) {
            self.init(method, target)
            mediaType = "application/json"
            do {
                body = .bytes(ByteBuffer(data: try APICoding.encoder().encode(value)))
            } catch {
                preconditionFailure("a request type of the API is not encodable: \(error)")
            }
        }

        var name: String { "\(method) \(target)" }
    }

    /// The answer's JSON body.
    func answer<Answer: Decodable>(
        to call: Call, as type: Answer.Type = Answer.self, timeout: Duration? = nil
    ) async throws(ClientError) -> Answer {
        let body = try await bytes(of: call, timeout: timeout)
        do {
            return try APICoding.decoder().decode(type, from: Data(buffer: body))
        } catch {
            throw .unreadableAnswer(call: call.name, detail: Self.summary(of: error))
        }
    }

    /// The body of a successful answer.
    func bytes(of call: Call, timeout: Duration? = nil) async throws(ClientError) -> ByteBuffer {
        let timeout = timeout ?? self.timeout
        let deadline = NIODeadline.now() + TimeAmount(timeout)
        var refusals = 0
        while true {
            let response = try await send(call, deadline: deadline, timeout: timeout)
            let body = try await collect(response, timeout: timeout)
            if (200..<300).contains(Int(response.status.code)) { return body }

            let failure = Self.failure(status: Int(response.status.code), body: body)
            guard case .problem(let problem) = failure, problem.kind == .busy else { throw failure }
            refusals += 1
            let wait = call.retries.wait(
                afterRefusal: refusals,
                retryAfter: response.headers.first(name: "retry-after").flatMap { Int($0) },
                spread: Double.random(in: 0..<1))
            guard let wait, NIODeadline.now() + TimeAmount(wait) < deadline else { throw failure }
            do {
                try await Task.sleep(for: wait)
            } catch {
                throw .cancelled
            }
        }
    }

    /// The head of the answer, whatever its status; its body is still to be read.
    func send(_ call: Call, deadline: NIODeadline, timeout: Duration) async throws(ClientError) -> HTTPClientResponse {
        guard let url = URL(httpURLWithSocketPath: socket, uri: call.target.description) else {
            throw .noDaemon(socket: socket)
        }
        var request = HTTPClientRequest(url: url.absoluteString)
        request.method = .init(rawValue: call.method)
        // HTTP/1.1 wants a host (RFC 9112, section 3.2); a socket has none.
        request.headers.add(name: "host", value: "graftd")
        request.headers.add(name: "accept", value: "*/*")
        if let mediaType = call.mediaType { request.headers.add(name: "content-type", value: mediaType) }
        request.body = call.body
        do {
            return try await http.execute(request, deadline: deadline)
        } catch {
            throw translated(error, timeout: timeout)
        }
    }

    /// The whole body; the API's answers are small, so that a larger one is not the daemon's.
    func collect(_ response: HTTPClientResponse, timeout: Duration) async throws(ClientError) -> ByteBuffer {
        do {
            return try await response.body.collect(upTo: 64 << 20)
        } catch {
            throw translated(error, timeout: timeout)
        }
    }

    /// What an answer that is no success means.
    static func failure(status: Int, body: ByteBuffer) -> ClientError {
        if let problem = try? APICoding.decoder().decode(Problem.self, from: Data(buffer: body)) {
            return .problem(problem)
        }
        // The beginning is enough to recognise a foreign server by.
        return .unexpected(status: status, body: String(String(buffer: body).prefix(200)))
    }

    private static func summary(of error: any Error) -> String {
        switch error as? DecodingError {
        case .keyNotFound(let key, _): "no \(key.stringValue)"
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
            (context.codingPath.map(\.stringValue) + [context.debugDescription]).joined(separator: ": ")
        default: "\(error)"
        }
    }
}
