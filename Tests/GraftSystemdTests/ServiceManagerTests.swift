import Foundation
import Glibc
import GraftSystemd
import Testing

/// One after another: what a service manager says is in the environment, which the process has once.
@Suite(.serialized) struct ServiceManagerTests {
    @Test(arguments: [
        (ServiceManager.Notice.ready, "READY=1"), (.status("loading"), "STATUS=loading"),
        (.status("one\nREADY=1\n"), "STATUS=one READY=1"), (.watchdog, "WATCHDOG=1"),
        (.extendTimeout(.milliseconds(1500)), "EXTEND_TIMEOUT_USEC=1500000"),
        (.reloading, "RELOADING=1\nMONOTONIC_USEC=42"), (.stopping, "STOPPING=1"),
    ])
    func noticesAreWrittenAsTheManagerReadsThem(notice: ServiceManager.Notice, expected: String) {
        #expect(ServiceManager.message([notice], now: 42) == expected)
    }

    @Test func allNoticesOfACallAreOneDatagram() throws {
        let listener = try FakeManager()
        listener.adopt()
        defer { unsetenv("NOTIFY_SOCKET") }
        let manager = ServiceManager()
        #expect(manager.isThere)
        manager.tell(.reloading)
        let before = listener.receive().split(separator: "\n")
        #expect(before.first == "RELOADING=1")
        let microseconds = try #require(before.last?.split(separator: "=").last.flatMap { UInt64($0) })
        manager.tell(.ready, .status("version 1"))
        #expect(listener.receive() == "READY=1\nSTATUS=version 1")
        manager.tell(.reloading)
        let later = listener.receive().split(separator: "=").last.flatMap { UInt64($0) }
        #expect(try #require(later) >= microseconds)
    }

    @Test func withoutAManagerNobodyIsTold() {
        unsetenv("NOTIFY_SOCKET")
        unsetenv("WATCHDOG_USEC")
        #expect(!ServiceManager().isThere)
        ServiceManager().tell(.ready)
        #expect(ServiceManager().watchdogInterval == nil)
    }

    @Test func theWatchdogsIntervalIsTheManagersForThisProcessOnly() {
        setenv("WATCHDOG_USEC", "2500000", 1)
        setenv("WATCHDOG_PID", "\(getpid())", 1)
        #expect(ServiceManager().watchdogInterval == .milliseconds(2500))
        setenv("WATCHDOG_PID", "1", 1)
        #expect(ServiceManager().watchdogInterval == nil)
        unsetenv("WATCHDOG_USEC")
        unsetenv("WATCHDOG_PID")
    }

    @Test func descriptorsOfNobodyAreNone() throws {
        unsetenv("LISTEN_FDS")
        #expect(try InheritedSocket.all().isEmpty)
        // Meant for another process, so not for this one.
        setenv("LISTEN_PID", "1", 1)
        setenv("LISTEN_FDS", "1", 1)
        #expect(try InheritedSocket.all().isEmpty)
        #expect(getenv("LISTEN_FDS") == nil, "children would inherit it")
    }

    @Test func aCountThatIsNoneIsAnErrorThatSaysWhatToDo() {
        setenv("LISTEN_PID", "\(getpid())", 1)
        setenv("LISTEN_FDS", "many", 1)
        let error = #expect(throws: InheritedSocket.Failure.self) { try InheritedSocket.all() }
        #expect(error?.description.contains("socket unit") == true)
    }
}

/// A socket that hears what a service manager would.
private final class FakeManager {
    private let folder: URL
    private let descriptor: Int32

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "graftd-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let path = folder.appending(path: "notify").path
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(bound == 0)
    }

    /// Makes it this process's manager.
    func adopt() { setenv("NOTIFY_SOCKET", folder.appending(path: "notify").path, 1) }

    func receive() -> String {
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = recv(descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT))
        return String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self)
    }

    deinit {
        close(descriptor)
        try? FileManager.default.removeItem(at: folder)
    }
}
