import Foundation
import Glibc

/// A state folder that takes over what a backup holds: wholly or not at all, whenever it is interrupted.
///
/// What is to come lies in a folder of its own, complete and on the disk, before that folder gets the name `restored`.
/// From that rename on the old state is given up: whoever has the lock next, a daemon or another restore, finishes it.
package enum Restoration {
    /// What a state consists of, but for its lock.
    package static let parts = ["graftd.sqlite", "versions", "backbones"]

    private static func ready(_ state: String) -> String { "\(state)/restored" }

    /// A new folder to put the parts into. What an interrupted restore left there before is removed.
    ///
    /// - Precondition: the caller holds the folder's lock.
    package static func begin(_ state: String) throws(StoreError) -> String {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: state)) ?? []
        where name.hasPrefix(".restore-") {
            try? FileManager.default.removeItem(atPath: "\(state)/\(name)")
        }
        let folder = "\(state)/.restore-\(UUID().uuidString)"
        guard mkdir(folder, 0o700) == 0 else { throw failure(state) }
        return folder
    }

    /// Replaces the state by the parts in `folder`, which are on the disk.
    ///
    /// - Precondition: the caller holds the folder's lock.
    package static func commit(_ folder: String, _ state: String) throws(StoreError) {
        try synchronize(folder, state)
        guard rename(folder, ready(state)) == 0 else { throw failure(state) }
        try synchronize(state, state)
        try finish(state)
    }

    /// Ends a restore that was interrupted after it had begun to replace the state; does nothing where there is none.
    ///
    /// - Precondition: the caller holds the folder's lock.
    package static func finish(_ state: String) throws(StoreError) {
        let ready = ready(state)
        guard access(ready, F_OK) == 0 else { return }
        // The log of the old database first: it would be applied to the new one. No daemon opens that before this has
        // ended, so a log is never the new one's.
        if access("\(ready)/graftd.sqlite", F_OK) == 0 {
            for log in ["graftd.sqlite-wal", "graftd.sqlite-shm"] { unlink("\(state)/\(log)") }
        }
        for part in parts where access("\(ready)/\(part)", F_OK) == 0 {
            do {
                // Not there any more where it was interrupted right after this.
                if access("\(state)/\(part)", F_OK) == 0 {
                    try FileManager.default.removeItem(atPath: "\(state)/\(part)")
                }
            } catch {
                throw .notWritable(folder: state, reason: error.localizedDescription)
            }
            guard rename("\(ready)/\(part)", "\(state)/\(part)") == 0 else { throw failure(state) }
        }
        try synchronize(state, state)
        guard rmdir(ready) == 0 else { throw failure(state) }
        try synchronize(state, state)
    }

    private static func synchronize(_ path: String, _ state: String) throws(StoreError) {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        defer { if descriptor >= 0 { close(descriptor) } }
        guard descriptor >= 0, fsync(descriptor) == 0 else { throw failure(state) }
    }

    private static func failure(_ state: String) -> StoreError {
        errno == ENOSPC
            ? .diskFull(folder: state) : .notWritable(folder: state, reason: String(cString: strerror(errno)))
    }
}
