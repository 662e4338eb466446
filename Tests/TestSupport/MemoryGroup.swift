import Foundation
import Glibc

/// A control group of this machine, in which processes can be given little memory (cgroups(7)).
package final class MemoryGroup: Sendable {
    private let folder: String
    private let limitFile: String
    private let usageFile: String

    /// A group of its own, of version 2 or 1; nil where none can be made.
    package init?() {
        let name = "graftd-test-\(UUID().uuidString)"
        let version2 = (try? String(contentsOfFile: "/sys/fs/cgroup/cgroup.controllers", encoding: .utf8)) ?? ""
        if version2.split(whereSeparator: \.isWhitespace).contains("memory") {
            (folder, limitFile, usageFile) = ("/sys/fs/cgroup/\(name)", "memory.max", "memory.current")
            _ = Self.write("+memory", to: "/sys/fs/cgroup/cgroup.subtree_control")
        } else {
            folder = "/sys/fs/cgroup/memory/\(name)"
            (limitFile, usageFile) = ("memory.limit_in_bytes", "memory.usage_in_bytes")
        }
        guard mkdir(folder, 0o755) == 0, access("\(folder)/\(limitFile)", W_OK) == 0 else {
            rmdir(folder)
            print("skipped: a control group for memory needs root, and a hierarchy that can be written")
            return nil
        }
        // Or the kernel would find room there instead.
        _ = Self.write("0", to: "\(folder)/memory.swap.max")
        _ = Self.write("0", to: "\(folder)/memory.swappiness")
    }

    /// Where a process that moves into it, with all that it starts from then on, writes its number.
    package var processes: String { "\(folder)/cgroup.procs" }

    /// How many bytes its processes have been given.
    package var usage: Int {
        let text = (try? String(contentsOfFile: "\(folder)/\(usageFile)", encoding: .utf8)) ?? ""
        return Int(text.trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0
    }

    /// How many they may have at most.
    package func limit(_ bytes: Int) -> Bool { Self.write("\(bytes)", to: "\(folder)/\(limitFile)") }

    private static func write(_ text: String, to path: String) -> Bool {
        let file = open(path, O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return false }
        defer { close(file) }
        return Array(text.utf8).withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) == $0.count }
    }

    // Only when its processes have ended.
    deinit { rmdir(folder) }
}
