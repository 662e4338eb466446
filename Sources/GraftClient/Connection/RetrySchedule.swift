/// When to ask a busy daemon again: after what its `Retry-After` says, or a wait that doubles, whichever is longer.
package struct RetrySchedule: Sendable, Equatable {
    /// How often the call is made at most.
    package var attempts: Int
    /// The wait after the first refusal.
    package var first: Duration
    /// The longest wait, whatever the daemon says.
    package var longest: Duration

    package init(attempts: Int = 6, first: Duration = .milliseconds(100), longest: Duration = .seconds(5)) {
        precondition(attempts > 0 && first > .zero && longest >= first)
        self.attempts = attempts
        self.first = first
        self.longest = longest
    }

    /// For calls that must not be made twice.
    package static let once = RetrySchedule(attempts: 1)

    /// How long to wait after refusal number `refusal` (from 1), or nil to give up.
    ///
    /// - Parameters:
    ///   - retryAfter: The answer's `Retry-After`, in seconds.
    ///   - spread: A random number in `0..<1`; it lengthens the wait by up to a quarter, so that calls that were
    ///     refused together do not come back together.
    package func wait(afterRefusal refusal: Int, retryAfter: Int?, spread: Double) -> Duration? {
        precondition(refusal >= 1 && (0..<1).contains(spread))
        guard refusal < attempts else { return nil }
        let doubled = first * (1 << min(refusal - 1, 20))
        let asked = Duration.seconds(max(0, min(retryAfter ?? 0, 3600)))
        return min(max(doubled, asked), longest) * (1 + spread / 4)
    }
}
