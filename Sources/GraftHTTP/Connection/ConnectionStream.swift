import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import Synchronization

/// The end of a connection's pipeline, where one task reads the parts of requests and writes those of answers.
///
/// Does the work of `NIOAsyncChannel` and of its codec for a task that runs on the channel's event loop (see
/// ``EventLoopExecutor``): what has come is read, and what the client takes is written, without being suspended. From other
/// threads it does the same, with a detour.
///
/// `@unchecked Sendable`: `context` belongs to the event loop.
final class ConnectionStream: ChannelDuplexHandler, @unchecked Sendable {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = Never
    typealias OutboundOut = HTTPServerResponsePart

    /// So many parts may wait for the task before nothing more is read from the client, until so few do.
    private static let (mostWaiting, fewWaiting) = (8, 2)

    let channel: any Channel
    private var context: ChannelHandlerContext?
    private let inbox = Mutex(Inbox())
    private let outbox = Mutex(Outbox())

    init(_ channel: any Channel) { self.channel = channel }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        closeBoth()
    }

    // MARK: Requests

    /// Parts on their way to the task.
    private struct Inbox {
        var parts = CircularBuffer<HTTPRequestPart>(initialCapacity: 4)
        /// Set when no more parts will come; those that have are read first.
        var end: Result<Void, any Error>?
        /// The task, while it waits.
        var reader: CheckedContinuation<Void, Never>?
        /// Whether the channel was to read and did not, for too many parts wait.
        var isHolding = false

        enum Taken {
            case part(HTTPRequestPart, letsRead: Bool)
            case end(Result<Void, any Error>)
            case nothing
        }

        mutating func take() -> Taken {
            if let part = parts.popFirst() {
                let letsRead = isHolding && parts.count <= ConnectionStream.fewWaiting
                if letsRead { isHolding = false }
                return .part(part, letsRead: letsRead)
            }
            guard let end else { return .nothing }
            self.end = .success(())
            return .end(end)
        }

        mutating func takeReader() -> CheckedContinuation<Void, Never>? {
            defer { reader = nil }
            return reader
        }
    }

    /// The next part; nil at the end, and after an error.
    func next() async throws -> HTTPRequestPart? {
        while true {
            switch inbox.withLock({ $0.take() }) {
            case .part(let part, let letsRead):
                if letsRead { onEventLoop { $0.read() } }
                return part
            case .end(let end):
                try end.get()
                return nil
            case .nothing:
                await withCheckedContinuation { continuation in
                    let isReady = inbox.withLock { inbox in
                        if inbox.parts.isEmpty && inbox.end == nil {
                            inbox.reader = continuation
                            return false
                        }
                        return true
                    }
                    if isReady { continuation.resume() }
                }
            }
        }
    }

    func read(context: ChannelHandlerContext) {
        let isHolding = inbox.withLock { inbox in
            inbox.isHolding = inbox.parts.count >= Self.mostWaiting
            return inbox.isHolding
        }
        if !isHolding { context.read() }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            do {
                add(.head(try HTTPRequest(head)))
            } catch {
                end(.failure(error))
            }
        case .body(let bytes): add(.body(bytes))
        case .end(let trailers): add(.end(trailers.map { HTTPFields($0, splitCookie: false) }))
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { end(.failure(error)) }

    func channelInactive(context: ChannelHandlerContext) {
        closeBoth()
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event as? ChannelEvent {
        case .inputClosed: end(.success(()))
        case .outputClosed: closeOutput()
        default: break
        }
        context.fireUserInboundEventTriggered(event)
    }

    private func add(_ part: HTTPRequestPart) {
        let reader = inbox.withLock { inbox in
            guard inbox.end == nil else { return nil as CheckedContinuation<Void, Never>? }
            inbox.parts.append(part)
            return inbox.takeReader()
        }
        reader?.resume()
    }

    private func end(_ end: Result<Void, any Error>) {
        let reader = inbox.withLock { inbox in
            if inbox.end == nil { inbox.end = end }
            return inbox.takeReader()
        }
        reader?.resume()
    }

    private func closeBoth() {
        end(.success(()))
        closeOutput()
    }

    // MARK: Answers

    private struct Outbox {
        var isClosed = false
        /// Whether the client takes more.
        var isWritable = true
        /// The task, while it waits for that.
        var writer: CheckedContinuation<Void, any Error>?

        mutating func takeWriter() -> CheckedContinuation<Void, any Error>? {
            defer { writer = nil }
            return writer
        }
    }

    /// Writes `parts`, and returns when the client takes more.
    func write(_ parts: [HTTPResponsePart]) async throws {
        if channel.eventLoop.inEventLoop {
            try writeOnEventLoop(parts)
        } else {
            try await channel.eventLoop.submit { try self.writeOnEventLoop(parts) }.get()
        }
        if channel.isWritable { return }
        try await withCheckedThrowingContinuation { continuation in
            let isReady = outbox.withLock { outbox in
                if outbox.isWritable || outbox.isClosed { return true }
                outbox.writer = continuation
                return false
            }
            if isReady { continuation.resume() }
        }
    }

    private func writeOnEventLoop(_ parts: [HTTPResponsePart]) throws {
        guard let context, !outbox.withLock({ $0.isClosed }) else { throw ChannelError.ioOnClosedChannel }
        for part in parts {
            let part: HTTPServerResponsePart =
                switch part {
                case .head(let head): .head(HTTPResponseHead(head))
                case .body(let bytes): .body(.byteBuffer(bytes))
                case .end(let trailers): .end(trailers.map(HTTPHeaders.init))
                }
            context.write(wrapOutboundOut(part), promise: nil)
        }
        context.flush()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        let isWritable = context.channel.isWritable
        let writer = outbox.withLock { outbox in
            outbox.isWritable = isWritable
            return isWritable ? outbox.takeWriter() : nil
        }
        writer?.resume()
        context.fireChannelWritabilityChanged()
    }

    /// Nothing more will be written.
    func finish() { onEventLoop { $0.close(mode: .output, promise: nil) } }

    private func closeOutput() {
        let writer = outbox.withLock { outbox in
            outbox.isClosed = true
            return outbox.takeWriter()
        }
        writer?.resume(throwing: ChannelError.ioOnClosedChannel)
    }

    private func onEventLoop(_ work: @escaping @Sendable (ChannelHandlerContext) -> Void) {
        if channel.eventLoop.inEventLoop {
            if let context { work(context) }
        } else {
            channel.eventLoop.execute { [self] in
                if let context { work(context) }
            }
        }
    }
}

extension HTTPRequest {
    /// The same as the conversion of NIO's, which makes components of a URL of every target.
    fileprivate init(_ head: HTTPRequestHead) throws {
        if head.uri.utf8.first == UInt8(ascii: "/") {
            self.init(
                method: try Method(head.method), scheme: "http", authority: head.headers["host"].first, path: head.uri,
                headerFields: HTTPFields(head.headers, splitCookie: false))
        } else {
            try self.init(head, secure: false, splitCookie: false)
        }
    }
}
