import Foundation
import Glibc
import GraftSystemd
import Testing

@Suite struct ServiceManagerTests {
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
        let manager = ServiceManager(listener.environment)
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

    @Test func anAbstractSocketIsHeardToo() throws {
        let listener = try FakeManager(isAbstract: true)
        ServiceManager(listener.environment).tell(.stopping)
        #expect(listener.receive() == "STOPPING=1")
    }

    @Test(arguments: ["", "@", "/nobody/listens", String(repeating: "x", count: 200)])
    func whatNobodyHearsIsNoError(address: String) { ServiceManager(["NOTIFY_SOCKET": address]).tell(.ready) }

    @Test func withoutAManagerNobodyIsTold() {
        let manager = ServiceManager([:])
        #expect(!manager.isThere && manager.watchdogInterval == nil)
        manager.tell(.ready)
    }

    @Test(
        arguments: [
            (["WATCHDOG_USEC": "2500000", "WATCHDOG_PID": "\(getpid())"], .milliseconds(2500)),
            (["WATCHDOG_USEC": "2500000"], .milliseconds(2500)),
            (["WATCHDOG_USEC": "2500000", "WATCHDOG_PID": "1"], nil),
            (["WATCHDOG_USEC": "0"], nil), (["WATCHDOG_USEC": "soon"], nil),
        ] as [([String: String], Duration?)])
    func theWatchdogsIntervalIsTheManagersForThisProcessOnly(environment: [String: String], expected: Duration?) {
        #expect(ServiceManager(environment).watchdogInterval == expected)
    }
}

/// A socket that hears what a service manager would.
private final class FakeManager {
    private let folder: URL
    private let descriptor: Int32
    /// What it would say to a process that it starts.
    let environment: [String: String]

    init(isAbstract: Bool = false) throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "graftd-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let path = (isAbstract ? "@" : "") + folder.appending(path: "notify").path
        environment = ["NOTIFY_SOCKET": path]
        withUnsafeMutableBytes(of: &address.sun_path) {
            $0.copyBytes(from: path.utf8.prefix($0.count - 1))
            if isAbstract { $0[0] = 0 }
        }
        // An abstract name has no end but its length (unix(7)).
        let length = MemoryLayout<sockaddr_un>.offset(of: \.sun_path)! + path.utf8.count
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(length))
            }
        }
        try #require(bound == 0)
    }

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
