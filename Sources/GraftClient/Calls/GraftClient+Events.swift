import AsyncHTTPClient
import Foundation
import GraftAPI
import NIOCore

/// What happens in the daemon, as it happens.
extension GraftClient {
    /// The daemon's events from now on, until the caller stops reading or the daemon stops.
    package func events() async throws(ClientError) -> EventStream {
        let call = Call("GET", RequestTarget("v1", "events"))
        let response = try await send(call, deadline: .distantFuture, timeout: timeout)
        guard response.status == .ok else {
            let body = try await collect(response, timeout: timeout)
            throw Self.failure(status: Int(response.status.code), body: body)
        }
        return EventStream(body: response.body, client: self)
    }
}

/// The events of one connection, in their order. It can be read once.
package struct EventStream: AsyncSequence, Sendable {
    let body: HTTPClientResponse.Body
    let client: GraftClient

    package func makeAsyncIterator() -> Iterator { Iterator(pieces: body.makeAsyncIterator(), client: client) }

    package struct Iterator: AsyncIteratorProtocol {
        var pieces: HTTPClientResponse.Body.AsyncIterator
        let client: GraftClient
        var parser = ServerSentEventParser()
        var ready: ArraySlice<ServerSentEvent> = []

        /// The next event; nil once the daemon has closed the stream.
        ///
        /// - Throws: ``ClientError``.
        package mutating func next() async throws -> ServerSentEvent? {
            while ready.isEmpty {
                do {
                    guard let piece = try await pieces.next() else { return nil }
                    ready = try parser.parse(piece.readableBytesView)[...]
                } catch {
                    throw client.translated(error, timeout: client.timeout)
                }
            }
            return ready.removeFirst()
        }
    }
}

extension ServerSentEvent {
    /// The event as the API's type; nil for a kind that this client does not know.
    ///
    /// - Throws: ``ClientError/unreadableAnswer(call:detail:)`` where its data is not what its name says.
    package func decoded() throws(ClientError) -> ServiceEvent? {
        do {
            let decoder = APICoding.decoder()
            let json = Data(data.utf8)
            switch name {
            case "sample": return .sample(try decoder.decode(Taught.self, from: json))
            case "train": return .train(try decoder.decode(TrainJob.self, from: json))
            case "published": return .published(try decoder.decode(ModelReference.self, from: json))
            case "rejected": return .rejected(try decoder.decode(VersionRejected.self, from: json))
            case "activated": return .activated(try decoder.decode(Activated.self, from: json))
            case "rolled_back": return .rolledBack(try decoder.decode(RolledBack.self, from: json))
            case "extraction": return .extraction(try decoder.decode(ExtractionProgress.self, from: json))
            default: return nil
            }
        } catch {
            throw .unreadableAnswer(call: "GET /v1/events", detail: "\(name): \(error)")
        }
    }
}
