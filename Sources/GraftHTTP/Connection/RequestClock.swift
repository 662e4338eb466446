import NIOCore

/// How long a connection waits for its client.
package struct ConnectionTimes: Sendable {
    /// How long a connection may stay without a request before it is closed.
    package var idle = TimeAmount.seconds(60)
    /// How long a request's head may take, and how long its body may stay slower than ``RequestClock/leastBytes`` in that time.
    package var request = TimeAmount.seconds(20)
    /// How long a client has to close a connection that has had its last answer.
    package var lingering = TimeAmount.seconds(2)

    package init(request: TimeAmount = .seconds(20)) { self.request = request }
}

/// What a connection waits for, and since when; decides when it has waited for long enough.
///
/// Every instant is given, so that nothing here sleeps.
package struct RequestClock {
    private enum Phase {
        case idle(since: NIODeadline)
        case head(since: NIODeadline)
        /// `received` bytes in this window of ``ConnectionTimes/request``.
        case body(since: NIODeadline, received: Int)
        /// It is the service's turn.
        case answering
        case closing(since: NIODeadline)
    }

    package enum Verdict: Equatable {
        case wait
        /// The client asks for nothing more.
        case close
        /// The client has begun a request and does not go on with it.
        case timeOut
    }

    /// So many bytes of a body have to come in each window, unless it ends there.
    package static let leastBytes = 16 << 10
    /// How long a stopping service waits for a request that may be under way, and for the rest of its head.
    private static let lastCall = TimeAmount.milliseconds(250)
    private static let lastHead = TimeAmount.seconds(2)

    private let times: ConnectionTimes
    private var phase: Phase
    /// Whether bytes came that are part of no request so far.
    private var hasBytes = false
    private var isLastCall = false

    package init(_ times: ConnectionTimes, now: NIODeadline) {
        self.times = times
        phase = .idle(since: now)
    }

    package mutating func received(bytes: Int, at now: NIODeadline) {
        hasBytes = true
        switch phase {
        case .idle: phase = .head(since: now)
        case .body(let since, let received): phase = .body(since: since, received: received + bytes)
        case .head, .answering, .closing: break
        }
    }

    package mutating func receivedHead(at now: NIODeadline) {
        hasBytes = false
        if case .closing = phase { return }
        phase = .body(since: now, received: 0)
    }

    package mutating func receivedEnd() {
        hasBytes = false
        if case .closing = phase { return }
        phase = .answering
    }

    /// The last request that had come has been answered.
    package mutating func answeredAll(at now: NIODeadline) {
        guard case .answering = phase else { return }
        phase = hasBytes ? .head(since: now) : .idle(since: now)
    }

    package mutating func lastAnswered(at now: NIODeadline) { phase = .closing(since: now) }

    /// The service stops: what has not begun within a moment is not waited for.
    package mutating func callLast(at now: NIODeadline) {
        isLastCall = true
        switch phase {
        case .idle: phase = .idle(since: now)
        case .head: phase = .head(since: now)
        case .body, .answering, .closing: break
        }
    }

    /// When to ask again.
    package func next(after now: NIODeadline) -> NIODeadline {
        // A phase may begin at any time and lasts no less than this, so that it need not be waited for.
        let least = isLastCall ? min(times.request, Self.lastCall) : min(times.request, times.lingering)
        return min(deadline ?? .distantFuture, now + least)
    }

    /// - Parameter isReading: whether the service reads; while it does not, the client cannot send.
    package mutating func verdict(at now: NIODeadline, isReading: Bool) -> Verdict {
        guard let deadline, now >= deadline else { return .wait }
        switch phase {
        case .idle, .closing: return .close
        case .head: return .timeOut
        case .body(_, let received):
            if isReading && received < Self.leastBytes { return .timeOut }
            phase = .body(since: now, received: 0)
            return .wait
        case .answering: return .wait
        }
    }

    private var deadline: NIODeadline? {
        switch phase {
        case .idle(let since): since + (isLastCall ? Self.lastCall : times.idle)
        case .head(let since): since + (isLastCall ? min(Self.lastHead, times.request) : times.request)
        case .body(let since, _): since + times.request
        case .answering: nil
        case .closing(let since): since + times.lingering
        }
    }
}
