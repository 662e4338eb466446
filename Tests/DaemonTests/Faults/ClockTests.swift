import Foundation
import GraftAPI
import GraftClient
import TestSupport
import Testing

extension DaemonTests.Faults {
    /// A wall clock that jumps, under a monotonic one that does not.
    @Suite(.enabled(if: FileManager.default.fileExists(atPath: fakeTime), "needs Debian's faketime: run ./deploy/test"))
    struct ClockTests {
        @Test func jumpsOfTheClockChangeNoOrderNoAnswerAndNoDuration() async throws {
            let clock = try FakeClock()
            defer { clock.end() }
            try await RunningDaemon.with(configuration: "trainAutomatically: off\n", environment: clock.environment) {
                daemon in
                try await daemon.teach(perKind: 8)
                var order = try await daemon.client.samples(label: nil, after: nil, limit: 1_000).samples.map(\.id)
                let start = try await daemon.client.status().uptimeSeconds
                for offset in ["-3650d", "+3650d", "-1d"] {
                    try clock.set(offset)
                    order.append(try await daemon.teach("blobs", seed: UInt64(700 + order.count)).id)
                    let job = try await daemon.trainHead(seed: UInt64(order.count))
                    #expect(job.state == .published || job.state == .rejected, "\(job.message)")
                    // A job of a second or so took neither years nor less than nothing.
                    #expect((0..<300).contains(job.seconds), "\(job.seconds) s after \(offset)")
                    #expect(job.finished.map { $0 >= job.started } == true)
                }
                #expect(
                    try await daemon.client.samples(label: nil, after: nil, limit: 1_000).samples.map(\.id) == order)
                let status = try await daemon.client.status()
                #expect(status.uptimeSeconds >= start && status.uptimeSeconds < start + 600)
                #expect(status.samples == order.count)
                let probe = TestImages.ppm(kind: "rings", seed: 900)
                let before = try await daemon.client.classify(probe, mediaType: .ppm, top: 10)
                // It starts in the past of what it has stored.
                #expect(daemon.stop() == 0)
                try clock.set("-3650d")
                try await daemon.start()
                let after = try await daemon.client.classify(probe, mediaType: .ppm, top: 10)
                #expect(after.top == before.top && after.model == before.model)
                let newest = try await daemon.client.versions().versions.map(\.version)
                #expect(newest == newest.sorted(by: >))
                #expect(try await daemon.trainHead(seed: 99).state != .failed)
            }
        }
    }
}

/// Debian's libfaketime.
private let fakeTime: String = {
    #if arch(arm64)
        "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1"
    #else
        "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"
    #endif
}()

/// A wall clock for other processes, which can be set while they run.
private final class FakeClock {
    private let folder: TemporaryFolder
    private let holder = Process()

    init() throws {
        folder = try TemporaryFolder()
        // Left to itself, the library makes its shared memory in the daemon and notes it in the environment, which moves: Swift
        // then does not find its arguments, which lie before it. Another process has to make it.
        holder.executableURL = URL(filePath: "/usr/bin/faketime")
        holder.arguments = ["-f", "+0", "sleep", "600"]
        try holder.run()
        try set("+0")
    }

    var environment: [String: String] {
        let pid = holder.processIdentifier
        return [
            "LD_PRELOAD": fakeTime, "FAKETIME_SHARED": "/faketime_sem_\(pid) /faketime_shm_\(pid)",
            "FAKETIME_TIMESTAMP_FILE": folder.file("clock").path, "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        ]
    }

    /// Sets it `offset` from the true time, such as `-1d`.
    func set(_ offset: String) throws { try offset.write(to: folder.file("clock"), atomically: true, encoding: .utf8) }

    func end() {
        // It removes what it made when its command has ended.
        let children = "/proc/\(holder.processIdentifier)/task/\(holder.processIdentifier)/children"
        for child in ((try? String(contentsOfFile: children, encoding: .utf8)) ?? "").split(separator: " ") {
            if let child = pid_t(child) { kill(child, SIGTERM) }
        }
        holder.waitUntilExit()
    }
}
