import CSystemd
import Glibc

/// The service manager that started this process; where none did, telling it something does nothing.
package struct ServiceManager: Sendable {
    /// What it can be told (sd_notify(3)).
    package enum Notice: Sendable, Equatable {
        case ready
        /// One line for people, which `systemctl status` shows.
        case status(String)
        /// The service is alive.
        case watchdog
        /// Starting takes longer: as long from now on as this.
        case extendTimeout(Duration)
        /// The configuration is being read again, from now on until the next `ready`.
        case reloading
        case stopping
    }

    package init() {}

    /// Whether somebody listens.
    package var isThere: Bool { getenv("NOTIFY_SOCKET") != nil }

    /// Tells all of `notices` in one datagram.
    package func tell(_ notices: Notice...) {
        // Where the manager does not hear it, there is nobody else to tell.
        _ = sd_notify(0, Self.message(notices, now: Self.monotonicMicroseconds()))
    }

    /// How soon the manager wants to hear `watchdog` again each time; nil where it does not wait for it.
    package var watchdogInterval: Duration? {
        var microseconds: UInt64 = 0
        guard sd_watchdog_enabled(0, &microseconds) > 0 else { return nil }
        return .microseconds(Int64(clamping: microseconds))
    }

    /// - Parameter now: The monotonic clock, in microseconds.
    package static func message(_ notices: [Notice], now: UInt64) -> String {
        notices.map { notice in
            switch notice {
            case .ready: "READY=1"
            // A line break would end it, and begin a notice of its own.
            case .status(let text): "STATUS=\(text.split(whereSeparator: \.isNewline).joined(separator: " "))"
            case .watchdog: "WATCHDOG=1"
            case .extendTimeout(let duration): "EXTEND_TIMEOUT_USEC=\(duration.microseconds)"
            case .reloading: "RELOADING=1\nMONOTONIC_USEC=\(now)"
            case .stopping: "STOPPING=1"
            }
        }.joined(separator: "\n")
    }

    private static func monotonicMicroseconds() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000 + UInt64(time.tv_nsec) / 1_000
    }
}

extension Duration {
    fileprivate var microseconds: Int64 { components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000 }
}
