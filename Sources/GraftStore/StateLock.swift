import Foundation
import Glibc

/// Holds a state folder for one daemon: a locked file, which the kernel unlocks however the daemon ends.
final class StateLock: Sendable {
    private let descriptor: Int32

    /// - Throws: ``StoreError/alreadyOpen(folder:pid:)``, or ``StoreError/notWritable(folder:reason:)``.
    init(folder: String) throws(StoreError) {
        let path = "\(folder)/graftd.lock"
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else { throw .notWritable(folder: folder, reason: String(cString: strerror(errno))) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            let pid = try? String(contentsOfFile: path, encoding: .utf8)
            throw .alreadyOpen(folder: folder, pid: pid.map { $0.isEmpty ? "unknown" : $0 } ?? "unknown")
        }
        let pid = "\(getpid())"
        _ = ftruncate(descriptor, 0)
        _ = pwrite(descriptor, pid, pid.utf8.count, 0)
    }

    deinit { close(descriptor) }
}
