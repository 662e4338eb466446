import HTTPTypes
import HummingbirdCore
import NIOCore
import NIOHTTPTypes

/// Writes one answer; its head goes with the first bytes of its body, and a body that comes in one piece with its end.
struct AnswerWriter: ResponseBodyWriter {
    private let stream: ConnectionStream
    private let length: Int?
    /// What has not been written yet.
    private var parts: [HTTPResponsePart]

    /// - Parameter length: That of the body, where it is known.
    init(_ head: HTTPResponse, length: Int?, to stream: ConnectionStream) {
        self.stream = stream
        self.length = length
        parts = [.head(head)]
    }

    mutating func write(_ bytes: ByteBuffer) async throws {
        let isWhole = !parts.isEmpty && bytes.readableBytes == length
        parts.append(.body(bytes))
        if isWhole { return }
        let ready = parts
        parts = []
        try await stream.write(ready)
    }

    consuming func finish(_ trailers: HTTPFields?) async throws {
        parts.append(.end(trailers))
        try await stream.write(parts)
    }
}
