import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Ends a connection without losing a request: it says `Connection: close` with the next answer, and closes without one only
/// where none is asked for during a moment of grace.
///
/// Closing at once would lose what a client has just sent on a connection that looks idle from here.
final class DrainHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// How long an idle connection may still ask for something.
    private static let grace = TimeAmount.milliseconds(250)

    private var requestsInProgress = 0
    private var draining = false
    private var closing: Scheduled<Void>?

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .head = unwrapInboundIn(data) {
            requestsInProgress += 1
            closing?.cancel()
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(var head) where draining && head.status.kind != .informational:
            head.headerFields[.connection] = "close"
            context.write(wrapOutboundOut(.head(head)), promise: promise)
            // Hummingbird's handler closes the connection after this answer.
            context.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
            return
        case .end:
            requestsInProgress -= 1
            if draining && requestsInProgress == 0 { closeAfterGrace(context) }
        default: break
        }
        context.write(data, promise: promise)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard event is ChannelShouldQuiesceEvent else { return context.fireUserInboundEventTriggered(event) }
        draining = true
        if requestsInProgress == 0 { closeAfterGrace(context) }
    }

    func handlerRemoved(context: ChannelHandlerContext) { closing?.cancel() }

    private func closeAfterGrace(_ context: ChannelHandlerContext) {
        closing?.cancel()
        closing = context.eventLoop.assumeIsolated().scheduleTask(in: Self.grace) {
            context.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        }
    }
}
