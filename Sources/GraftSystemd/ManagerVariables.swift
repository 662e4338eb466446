import Glibc

/// What a service manager says in the environment of the process that it starts (environ(7)).
package enum ManagerVariables {
    static let sockets = ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"]
    private static let others = ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"]

    /// What was said to this process.
    package static var own: [String: String] {
        var found: [String: String] = [:]
        for name in sockets + others { found[name] = getenv(name).map { String(cString: $0) } }
        return found
    }
}
