/// Lets a client who keeps asking for what it may not have fill no log.
package struct RefusalLog {
    /// How long a user's further refusals are counted only.
    package static let pause = Duration.seconds(60)
    /// So many users are told apart.
    private static let userLimit = 256

    private var users: [UInt32?: (logged: ContinuousClock.Instant, silent: Int)] = [:]

    package init() {}

    /// Notes a refusal.
    ///
    /// - Returns: how many of this user's refusals have not been logged, if this one is to be logged with them.
    package mutating func note(_ user: UInt32?, at now: ContinuousClock.Instant) -> Int? {
        if let last = users[user], now - last.logged < Self.pause {
            users[user]!.silent += 1
            return nil
        }
        let silent = users[user]?.silent ?? 0
        if users.count >= Self.userLimit { users = [:] }
        users[user] = (now, 0)
        return silent
    }
}
