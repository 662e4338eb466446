import Synchronization

/// One thing that works or does not: each time that it fails is worth one line in the log, and so is its end.
final class Outage: Sendable {
    /// Why it fails; nil while it works.
    private let reason = Mutex<String?>(nil)

    /// Notes that it failed. Returns whether that is news: it worked before, or failed for another reason.
    func failed(_ reason: String) -> Bool {
        self.reason.withLock { known in
            defer { known = reason }
            return known != reason
        }
    }

    /// Notes that it worked. Returns whether it had failed before.
    func worked() -> Bool {
        reason.withLock { known in
            defer { known = nil }
            return known != nil
        }
    }
}
