import Foundation

/// A real small file system, which only root may mount.
package final class SmallDisk: Sendable {
    private let folder: TemporaryFolder
    package let path: String

    /// Nil where it cannot be mounted.
    package init?(bytes: Int) throws {
        folder = try TemporaryFolder()
        path = folder.url.path(percentEncoded: false)
        guard mount("graftd-test", path, "tmpfs", 0, "size=\(bytes)") == 0 else {
            print("skipped: mounting a small disk needs root (\(String(cString: strerror(errno))))")
            return nil
        }
    }

    package func makeReadOnly() -> Bool { mount("graftd-test", path, "tmpfs", UInt(MS_REMOUNT | MS_RDONLY), nil) == 0 }

    package func makeWritable() -> Bool { mount("graftd-test", path, "tmpfs", UInt(MS_REMOUNT), nil) == 0 }

    private var ballast: String { "\(path)/ballast" }

    /// Writes until there is no byte of space left.
    package func fill() throws {
        let file = open(ballast, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        defer { close(file) }
        let zeros = [UInt8](repeating: 0, count: 1 << 16)
        while write(file, zeros, zeros.count) > 0 {}
        guard errno == ENOSPC else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    }

    /// Takes back what ``fill()`` took.
    package func empty() { unlink(ballast) }

    // Lazily, because a store that is still open holds files in it.
    deinit { umount2(path, Int32(MNT_DETACH)) }
}
