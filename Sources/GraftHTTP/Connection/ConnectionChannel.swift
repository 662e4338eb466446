import GraftAPI
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1

/// What happens on a connection: its requests are read one after another, handed to the routes, and answered.
struct ConnectionChannel: ServerChildChannel {
    /// The longest request head, in bytes.
    static let headLimit = 16 << 10
    static let fieldLimit = 100

    let limits: ConnectionLimits
    let access: AccessControl
    let metrics: RequestMetrics
    /// As they are set when a connection begins.
    let times: @Sendable () -> ConnectionTimes
    let responder: Responder

    /// The answer to one request of a connection.
    typealias Responder = @Sendable (Request, Value) async -> Response

    /// A connection and who made it.
    struct Value: ServerChildChannelValue {
        let stream: ConnectionStream
        let peer: Peer?

        var channel: any Channel { stream.channel }
    }

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            var decoderLimits = NIOHTTPDecoderLimitConfiguration()
            decoderLimits.maxHeaderFieldSize = Self.headLimit
            decoderLimits.maxHeaderListSize = Self.headLimit
            decoderLimits.maxHeaderFieldCount = Self.fieldLimit
            let connection = ConnectionHandler(times: times())
            // An image of the size that networks see comes in one piece.
            let reading = AdaptiveRecvByteBufferAllocator(minimum: 64, initial: 2048, maximum: 256 << 10)
            try channel.syncOptions!.setOption(.recvAllocator, value: reading)
            let pipeline = channel.pipeline.syncOperations
            try pipeline.addHandler(ByteWatch(connection))
            try pipeline.configureHTTPServerPipeline(
                withPipeliningAssistance: false, withErrorHandling: false, withOutboundHeaderValidation: false,
                withEncoderConfiguration: .init(), withDecoderLimitConfiguration: decoderLimits)
            try pipeline.addHandler(connection)
            let stream = ConnectionStream(channel)
            try pipeline.addHandler(stream)
            return stream
        }.and(Peer.read(from: channel)).map(Value.init)
    }

    func handle(value: Value, logger: Logger) async {
        await withTaskExecutorPreference(EventLoopExecutor(value.channel.eventLoop)) {
            await handleOnEventLoop(value, logger: logger)
        }
    }

    private func handleOnEventLoop(_ value: Value, logger: Logger) async {
        do {
            try await withTaskCancellationHandler {
                try await limits.withPlace(for: access.role(of: value.peer)) { refusal in
                    if refusal != nil, let silent = limits.noteRefusal() {
                        logger.warning(
                            "connections are refused: as many are open as may (connectionLimit: \(limits.limit))",
                            metadata: ["refused_before": "\(silent)"])
                    }
                    switch refusal {
                    case nil: await serve(value)
                    case .answered(let problem): try await refuse(problem, value.stream)
                    case .closed: return
                    }
                    value.stream.finish()
                    // The connection's handler sees to it that this is soon.
                    try await value.channel.closeFuture.get()
                }
            } onCancel: {
                value.channel.close(mode: .input, promise: nil)
            }
        } catch {
            logger.trace("a connection ended: \(error)")
        }
        value.channel.close(promise: nil)
    }

    private func serve(_ value: Value) async {
        let requests = IncomingRequests(value.stream)
        do {
            while let head = try await requests.next() {
                let expectation = head.headerFields.value(of: .expect)
                if let expectation, expectation.lowercased() != "100-continue" {
                    throw Problem(
                        .expectationFailed, detail: "expected 'Expect: 100-continue' or none, found '\(expectation)'")
                }
                let body = IncomingBody(
                    requests: requests, awaitsContinue: expectation != nil,
                    announced: head.headerFields.value(of: .contentLength).flatMap(Int.init))
                let response = await responder(Request(head: head, body: RequestBody(asyncSequence: body)), value)
                do {
                    // Whatever it is, a problem too: the client takes what follows the head for the next answer.
                    try await value.stream.write(response, withoutBody: head.method == .head)
                } catch {
                    // Its answer has begun, so that nothing more can be said.
                    return
                }
            }
        } catch {
            let problem =
                error as? Problem ?? Problem(.badRequest, detail: "the request is no HTTP/1.1 (\(error))")
            try? await refuse(problem, value.stream)
        }
    }

    /// Answers what has not become a request, as the last answer.
    private func refuse(_ problem: Problem, _ stream: ConnectionStream) async throws {
        var response = try Response(problem, methods: [])
        response.headers[.connection] = "close"
        metrics.record(route: "none", method: "none", status: problem.status, duration: .zero)
        try await stream.write(response)
    }
}

extension ConnectionStream {
    fileprivate func write(_ response: Response, withoutBody: Bool = false) async throws {
        let writer = AnswerWriter(response.head, length: response.body.contentLength, to: self)
        if withoutBody { return try await writer.finish(nil) }
        try await response.body.write(writer)
    }
}
