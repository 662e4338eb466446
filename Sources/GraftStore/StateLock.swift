import Foundation
import Glibc
import Synchronization

/// Holds a state folder for one daemon: a locked file, which the kernel unlocks however the daemon ends.
final class StateLock: Sendable {
    /// Nil once released.
    private let descriptor: Mutex<Int32?>

    /// - Throws: ``StoreError/alreadyOpen(folder:pid:)``, or ``StoreError/notWritable(folder:reason:)``.
    init(folder: String) throws(StoreError) {
        let path = "\(folder)/graftd.lock"
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw .notWritable(folder: folder, reason: String(cString: strerror(errno))) }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            close(file)
            let pid = try? String(contentsOfFile: path, encoding: .utf8)
            throw .alreadyOpen(folder: folder, pid: pid.map { $0.isEmpty ? "unknown" : $0 } ?? "unknown")
        }
        let pid = "\(getpid())"
        _ = ftruncate(file, 0)
        _ = pwrite(file, pid, pid.utf8.count, 0)
        descriptor = Mutex(file)
    }

    /// Whether a daemon, or a repair, holds `folder`. Nothing is created.
    static func isHeld(folder: String) -> Bool {
        let file = open("\(folder)/graftd.lock", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return false }
        defer { close(file) }
        guard flock(file, LOCK_SH | LOCK_NB) == 0 else { return true }
        flock(file, LOCK_UN)
        return false
    }

    /// Lets another daemon have the folder.
    func release() {
        descriptor.withLock { descriptor in
            if let file = descriptor {
                // Not by closing alone: a child that was forked and has not yet become its program holds the file too.
                flock(file, LOCK_UN)
                close(file)
            }
            descriptor = nil
        }
    }

    deinit { release() }
}
