import Foundation

/// A real file system that becomes read-only while files are open in it, as the kernel does after an error of the disk. An
/// administrator's `mount -o remount,ro` is no such thing: it is refused while a file is open for writing.
package final class FailingDisk: Sendable {
    private let folder: TemporaryFolder
    private let image: String
    package let path: String

    /// An ext4 in a file; nil where it cannot be made or mounted.
    package init?(bytes: Int) throws {
        folder = try TemporaryFolder()
        image = folder.file("image").path(percentEncoded: false)
        path = folder.file("disk").path(percentEncoded: false)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        guard FileManager.default.createFile(atPath: image, contents: nil), truncate(image, bytes) == 0,
            Self.run("/usr/sbin/mkfs.ext4", "-q", "-F", image), mend()
        else {
            print("skipped: mounting an ext4 in a file needs root, mkfs.ext4 and a loop device")
            return nil
        }
    }

    /// Lets the file system meet an error (ext4(5), `abort`): nothing is written any more, also to files that are open.
    package func fail() -> Bool { Self.run("/usr/bin/mount", "-o", "remount,abort", path) }

    /// Takes it away, when nobody has a file open in it.
    package func takeAway() -> Bool { Self.run("/usr/bin/umount", path) }

    /// Mounts it for writing, as after a repair.
    package func mend() -> Bool { Self.run("/usr/bin/mount", "-o", "loop,errors=remount-ro", image, path) }

    private static func run(_ program: String, _ arguments: String...) -> Bool {
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }

    // Lazily, because something that is still open holds files in it.
    deinit { umount2(path, Int32(MNT_DETACH)) }
}
