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

    /// The address of the socket that it reads; nil where there is no manager.
    private let address: String?
    /// How soon the manager wants to hear `watchdog` again each time; nil where it does not wait for it.
    package let watchdogInterval: Duration?

    /// - Parameter environment: What the manager said to this process.
    package init(_ environment: [String: String] = ManagerVariables.own) {
        address = environment["NOTIFY_SOCKET"]
        // As sd_watchdog_enabled(3) reads it.
        let microseconds = environment["WATCHDOG_USEC"].flatMap { Int64($0) } ?? 0
        let isOurs = environment["WATCHDOG_PID"].map { $0 == "\(getpid())" } ?? true
        watchdogInterval = microseconds > 0 && isOurs ? .microseconds(microseconds) : nil
    }

    /// Whether somebody listens.
    package var isThere: Bool { address != nil }

    /// Tells all of `notices` in one datagram.
    package func tell(_ notices: Notice...) {
        guard let address else { return }
        Self.send(Self.message(notices, now: Self.monotonicMicroseconds()), to: address)
    }

    /// Sends `message` to the Unix socket at `address`, a path or `@` and an abstract name, as sd_notify(3) does, which asks the
    /// process's one environment.
    ///
    /// Where the manager does not hear it, there is nobody else to tell.
    private static func send(_ message: String, to address: String) {
        var name = sockaddr_un()
        let bytes = Array(address.utf8)
        guard bytes.count > 1, bytes.count < MemoryLayout.size(ofValue: name.sun_path) else { return }
        name.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &name.sun_path) { path in
            path.copyBytes(from: bytes)
            if bytes[0] == UInt8(ascii: "@") { path[0] = 0 }
        }
        let length = MemoryLayout<sockaddr_un>.offset(of: \.sun_path)! + bytes.count
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        let text = Array(message.utf8)
        withUnsafePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = sendto(descriptor, text, text.count, Int32(MSG_NOSIGNAL), $0, socklen_t(length))
            }
        }
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
