import GraftAPI
import GraftHTTP
import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

/// What can be told without a client; the rest is in DaemonTests.
@Suite struct ConnectionHandlerTests {
    private let channel = EmbeddedChannel()

    init() throws {
        try channel.pipeline.syncOperations.addHandler(ConnectionHandler(times: ConnectionTimes()))
        try channel.connect(to: SocketAddress(unixDomainSocketPath: "/socket")).wait()
    }

    private func request(_ version: HTTPVersion = .http1_1, _ headers: HTTPHeaders = ["host": "x"]) throws {
        try channel.writeInbound(
            HTTPServerRequestPart.head(HTTPRequestHead(version: version, method: .GET, uri: "/", headers: headers)))
        try channel.writeInbound(HTTPServerRequestPart.end(nil))
    }

    /// Whether the answer that is written says that it is the last.
    private func answer(_ headers: HTTPHeaders = [:]) throws -> Bool {
        try channel.writeOutbound(
            HTTPServerResponsePart.head(HTTPResponseHead(version: .http1_1, status: .ok, headers: headers)))
        try channel.writeOutbound(HTTPServerResponsePart.end(nil))
        guard case .head(let head)? = try channel.readOutbound(as: HTTPServerResponsePart.self) else { return false }
        _ = try channel.readOutbound(as: HTTPServerResponsePart.self)
        return head.headers["connection"] == ["close"]
    }

    @Test func aConnectionIsKeptForTheNextRequest() throws {
        for _ in 0..<3 {
            try request()
            #expect(try !answer())
        }
        #expect(channel.isActive)
    }

    @Test(
        arguments: [
            (version: HTTPVersion.http1_1, headers: ["host": "x", "connection": "close"], isLast: true),
            (version: .http1_0, headers: [:], isLast: true),
            (version: .http1_0, headers: ["connection": "keep-alive"], isLast: false),
        ] as [(version: HTTPVersion, headers: HTTPHeaders, isLast: Bool)])
    func theClientSaysWhetherAnotherRequestFollows(
        version: HTTPVersion, headers: HTTPHeaders, isLast: Bool
    ) throws {
        try request(version, headers)
        #expect(try answer() == isLast)
    }

    @Test func anAnswerBeforeTheRequestsEndIsTheLast() throws {
        try channel.writeInbound(
            HTTPServerRequestPart.head(
                HTTPRequestHead(version: .http1_1, method: .POST, uri: "/", headers: ["host": "x"])))
        #expect(try answer())
    }

    @Test func aStoppingServiceSaysSoWithTheNextAnswer() throws {
        try request()
        channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        #expect(channel.isActive)
        #expect(try answer())
    }

    @Test func aClientThatTakesNothingOfItsAnswerIsLeft() throws {
        let loop = channel.embeddedEventLoop
        try request()
        channel.isWritable = false
        channel.pipeline.fireChannelWritabilityChanged()
        loop.advanceTime(by: .seconds(59))
        #expect(channel.isActive)
        channel.isWritable = true
        channel.pipeline.fireChannelWritabilityChanged()
        loop.advanceTime(by: .seconds(59))
        #expect(channel.isActive)
        channel.isWritable = false
        channel.pipeline.fireChannelWritabilityChanged()
        loop.advanceTime(by: .seconds(60))
        #expect(!channel.isActive)
    }
}
