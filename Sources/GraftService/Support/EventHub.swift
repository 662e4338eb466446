import GraftAPI
import Synchronization

/// Hands each event to everyone who listens; a listener that is too slow loses its oldest events.
package final class EventHub: Sendable {
    private struct State {
        var next = 0
        var listeners: [Int: AsyncStream<ServiceEvent>.Continuation] = [:]
        var finished = false
        var counts: [String: Int] = [:]
    }

    private let state = Mutex(State())
    /// How many events wait for one listener.
    private let backlog = 256

    package init() {}

    /// The events from now on, until the listener goes away or the service stops.
    package func listen() -> AsyncStream<ServiceEvent> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: ServiceEvent.self, bufferingPolicy: .bufferingNewest(backlog))
        let id: Int? = state.withLock { state in
            guard !state.finished else { return nil }
            state.next += 1
            state.listeners[state.next] = continuation
            return state.next
        }
        guard let id else {
            continuation.finish()
            return stream
        }
        continuation.onTermination = { [weak self] _ in
            _ = self?.state.withLock { $0.listeners.removeValue(forKey: id) }
        }
        return stream
    }

    package func send(_ event: ServiceEvent) {
        let listeners = state.withLock { state in
            state.counts[event.name, default: 0] += 1
            return Array(state.listeners.values)
        }
        for listener in listeners { listener.yield(event) }
    }

    /// How many events of each name were sent.
    package var counts: [String: Int] { state.withLock { $0.counts } }

    /// Ends every listener's stream, so that their connections can close.
    package func finish() {
        let listeners = state.withLock { state in
            state.finished = true
            defer { state.listeners = [:] }
            return Array(state.listeners.values)
        }
        for listener in listeners { listener.finish() }
    }
}
