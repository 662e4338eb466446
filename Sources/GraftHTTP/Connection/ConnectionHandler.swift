import GraftAPI
import NIOCore
import NIOHTTP1

/// Decides how long one connection lives: which requests it takes, how long it waits for them, and after which answer it ends.
///
/// It stands between HTTP's decoder and whoever reads requests. Whatever makes a client's bytes unusable reaches the reader as a
/// `Problem` in the place of the next part.
final class ConnectionHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private var clock: RequestClock
    private let times: ConnectionTimes
    private var check: Scheduled<Void>?
    /// For each request that has no whole answer yet, whether another one may follow it.
    private var unanswered: [Bool] = []
    /// Whether the last request's end has not come yet.
    private var isReceiving = false
    /// Whether the channel has been told to read and has brought nothing since.
    private var isReading = false
    /// Nothing more is taken from the client.
    private var isDeaf = false
    private var isQuiescing = false
    /// The answer that is being written is the last one.
    private var isLast = false

    init(times: ConnectionTimes) {
        self.times = times
        clock = RequestClock(times, now: .now())
    }

    func handlerAdded(context: ChannelHandlerContext) { schedule(context) }

    func handlerRemoved(context: ChannelHandlerContext) { check?.cancel() }

    // MARK: Requests

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        switch part {
        case .head(let head):
            clock.receivedHead(at: .now())
            guard !isDeaf else { return }
            isReceiving = true
            if let problem = Self.problem(with: head) { return fail(context, problem) }
            unanswered.append(head.isKeepAlive)
        case .body: break
        case .end:
            clock.receivedEnd()
            isReceiving = false
        }
        if !isDeaf { context.fireChannelRead(data) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard !isDeaf else { return }
        guard let error = error as? HTTPParserError else { return context.fireErrorCaught(error) }
        fail(context, Problem(error))
    }

    private func fail(_ context: ChannelHandlerContext, _ problem: Problem) {
        isDeaf = true
        context.fireErrorCaught(problem)
    }

    private static func problem(with head: HTTPRequestHead) -> Problem? {
        guard head.version.major == 1 else {
            return Problem(
                .badRequest, detail: "expected HTTP/1.1, found HTTP/\(head.version.major).\(head.version.minor)")
        }
        // RFC 9112, 3.2
        let hosts = head.headers["host"].count
        guard hosts == 1 || (hosts == 0 && head.version.minor == 0) else {
            return Problem(
                .badRequest, detail: "expected one Host header, found \(hosts); any will do, as in 'Host: localhost'")
        }
        return nil
    }

    // MARK: Answers

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(var head) where head.status.code >= 200:
            // Where the rest of a request has not come, nobody can tell where the next one would begin.
            isLast =
                isLast || isReceiving || isDeaf || isQuiescing || unanswered.first != true
                || head.headers["connection"].contains("close")
            if isLast { head.headers.replaceOrAdd(name: "connection", value: "close") }
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .head, .body: context.write(data, promise: promise)
        case .end:
            if !unanswered.isEmpty { unanswered.removeFirst() }
            guard isLast else {
                if unanswered.isEmpty { clock.answeredAll(at: .now()) }
                return context.write(data, promise: promise)
            }
            isDeaf = true
            clock.lastAnswered(at: .now())
            context.writeAndFlush(data, promise: promise)
            // The client reads to the end, and closes; what it still sends goes nowhere.
            context.close(mode: .output, promise: nil)
        }
    }

    // MARK: Time

    /// `count` bytes have come that will be parsed next.
    func received(bytes count: Int) {
        isReading = false
        clock.received(bytes: count, at: .now())
    }

    func reads() { isReading = true }

    private func schedule(_ context: ChannelHandlerContext) {
        let now = NIODeadline.now()
        check?.cancel()
        check = context.eventLoop.assumeIsolated().scheduleTask(deadline: clock.next(after: now)) { [self] in
            switch clock.verdict(at: .now(), isReading: isReading) {
            case .wait: schedule(context)
            case .close: context.close(promise: nil)
            case .timeOut:
                fail(
                    context,
                    Problem(
                        .requestTimeout,
                        detail:
                            "the request did not come within \(times.request.nanoseconds / 1_000_000_000) s; send it "
                            + "again, and at once"))
                // The answer, if there is to be one, is written by then.
                clock.lastAnswered(at: .now())
                schedule(context)
            }
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard event is ChannelShouldQuiesceEvent else { return context.fireUserInboundEventTriggered(event) }
        isQuiescing = true
        clock.callLast(at: .now())
        schedule(context)
    }
}

/// Tells a ``ConnectionHandler`` of bytes as they come, before a whole part of a request has.
final class ByteWatch: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let connection: ConnectionHandler

    init(_ connection: ConnectionHandler) { self.connection = connection }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        connection.received(bytes: unwrapInboundIn(data).readableBytes)
        context.fireChannelRead(data)
    }

    func read(context: ChannelHandlerContext) {
        connection.reads()
        context.read()
    }
}

extension Problem {
    /// What made a request no HTTP.
    fileprivate init(_ error: HTTPParserError) {
        switch error {
        case .headerOverflow:
            self.init(
                .headTooLarge,
                detail: "the request's line and headers have at most \(ConnectionChannel.headLimit) bytes and "
                    + "\(ConnectionChannel.fieldLimit) headers")
        case .invalidEOFState:
            self.init(.badRequest, detail: "the connection ended before the request did; send all of it")
        case .invalidMethod:
            self.init(.badRequest, detail: "the request begins with no method of HTTP")
        case .invalidVersion:
            self.init(.badRequest, detail: "expected HTTP/1.1")
        case .invalidContentLength, .unexpectedContentLength:
            self.init(
                .badRequest, detail: "Content-Length is one whole number, and not together with Transfer-Encoding")
        case .invalidChunkSize:
            self.init(.badRequest, detail: "a chunk of the body has no valid size")
        default:
            self.init(.badRequest, detail: "the request is no HTTP/1.1 (\(error))")
        }
    }
}
