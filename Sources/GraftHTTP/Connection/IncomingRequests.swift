import GraftAPI
import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// The requests of one connection, part by part.
///
/// `@unchecked Sendable`: one task at a time reads it, the connection's own or, while that waits, its request's.
final class IncomingRequests: @unchecked Sendable {
    private let stream: ConnectionStream
    /// Whether a request has begun whose end has not come.
    private var isWithinRequest = false

    init(_ stream: ConnectionStream) { self.stream = stream }

    /// The head of the next request, past what was left unread of the one before; nil at the connection's end.
    ///
    /// - Throws: `Problem` for bytes that are no request.
    func next() async throws -> HTTPRequest? {
        do {
            while isWithinRequest, try await nextBytes() != nil {}
        } catch {
            // That request has been answered, with word that it was the connection's last.
            return nil
        }
        guard !isWithinRequest, case .head(let head)? = try await stream.next() else { return nil }
        isWithinRequest = true
        return head
    }

    /// The next bytes of the request's body; nil where there are no more, whether or not it was whole.
    func nextBytes() async throws -> ByteBuffer? {
        guard isWithinRequest, case .body(let bytes)? = try await nextPart() else { return nil }
        return bytes
    }

    /// Whether the body has come to its end.
    var isWhole: Bool { !isWithinRequest }

    /// Lets the client send what it holds back.
    func inviteBody() async throws { try await stream.write([.head(HTTPResponse(status: .continue))]) }

    private func nextPart() async throws -> HTTPRequestPart? {
        let part = try await stream.next()
        if case .end? = part { isWithinRequest = false }
        return part
    }
}

/// The body of a request, which is read once or not at all.
struct IncomingBody: AsyncSequence, Sendable {
    let requests: IncomingRequests
    /// Whether the client holds the body back until it is asked for.
    let awaitsContinue: Bool
    /// By `Content-Length`.
    let announced: Int?

    func makeAsyncIterator() -> Iterator { Iterator(body: self) }

    struct Iterator: AsyncIteratorProtocol, Sendable {
        let body: IncomingBody
        private var hasBegun = false
        private var received = 0

        init(body: IncomingBody) { self.body = body }

        mutating func next() async throws -> ByteBuffer? {
            if !hasBegun && body.awaitsContinue { try await body.requests.inviteBody() }
            hasBegun = true
            if let bytes = try await body.requests.nextBytes() {
                received += bytes.readableBytes
                return bytes
            }
            guard body.requests.isWhole else {
                let expected = body.announced.map { "\($0) bytes" } ?? "another chunk"
                throw Problem(
                    .badRequest, detail: "the body ended too early: expected \(expected), found \(received) bytes")
            }
            return nil
        }
    }
}
