import Foundation
import GRDB
import Glibc

/// Why the store could not do what was asked.
package enum StoreError: Error, Equatable, Sendable, CustomStringConvertible {
    case alreadyOpen(folder: String, pid: String)
    case newerSchema(folder: String)
    case diskFull(folder: String)
    case notWritable(folder: String, reason: String)
    case corrupt(folder: String, reason: String)
    case badLabel(reason: String)
    case unknownLabel(String)
    case labelExists(String)
    case unknownSample(String)
    case unknownVersion(Int64)
    case versionUnusable(Int64, reason: String)
    /// A sample that a job has learned was purged before its version was kept.
    case purgedMeanwhile
    case failed(reason: String)

    package var description: String {
        switch self {
        case .alreadyOpen(let folder, let pid):
            "the state in \(folder) is in use by another daemon (process \(pid)): stop that one, or choose another "
                + "folder with --state"
        case .newerSchema(let folder):
            "the state in \(folder) was written by a newer graftd: run that version, or restore an older backup"
        case .diskFull(let folder): "the disk of \(folder) is full: free some space and try again"
        case .notWritable(let folder, let reason):
            "the state in \(folder) cannot be written (\(reason)): it must belong to the service's user, on a disk that is "
                + "mounted for writing; `graftctl doctor` says more"
        case .corrupt(let folder, let reason):
            "the database in \(folder) is damaged (\(reason)): stop the daemon and run `graftctl doctor --repair`, which keeps "
                + "what can be read, or restore a backup"
        case .badLabel(let reason): reason
        case .unknownLabel(let name): "there is no label '\(name)'; `graftctl labels` shows those there are"
        case .labelExists(let name): "the label '\(name)' exists already: ask for a merge to make the two one"
        case .unknownSample(let id): "there is no sample '\(id)'"
        case .unknownVersion(let number):
            "there is no version \(number); `graftctl versions` shows those there are"
        case .versionUnusable(let number, let reason): "version \(number) cannot answer: \(reason)"
        case .purgedMeanwhile:
            "a sample that it was trained on was purged while the job ran, so nothing of it is kept: train again"
        case .failed(let reason): "the database failed: \(reason)"
        }
    }

    /// What SQLite's result codes mean to us (sqlite.org/rescode.html).
    init(_ error: any Error, folder: String) {
        switch error {
        case let error as StoreError: self = error
        case let error as DatabaseError:
            switch error.resultCode {
            case .SQLITE_FULL: self = .diskFull(folder: folder)
            // Growing the shared-memory file of the log reports a full disk as an input/output error.
            case .SQLITE_IOERR where Self.isFull(folder): self = .diskFull(folder: folder)
            // A file that was open when the disk became read-only, as after an error of its own, fails like a broken one.
            case .SQLITE_IOERR where Self.isReadOnly(folder):
                self = .notWritable(folder: folder, reason: String(cString: strerror(EROFS)))
            case .SQLITE_READONLY, .SQLITE_CANTOPEN, .SQLITE_PERM:
                self = .notWritable(folder: folder, reason: error.message ?? "\(error.resultCode)")
            case .SQLITE_CORRUPT, .SQLITE_NOTADB:
                self = .corrupt(folder: folder, reason: error.message ?? "\(error.resultCode)")
            default: self = .failed(reason: error.message ?? "\(error)")
            }
        default: self = .failed(reason: "\(error)")
        }
    }

    /// Whether the kernel lets nobody write there. What the mount's flags say is not asked: after an error they do not show it.
    private static func isReadOnly(_ folder: String) -> Bool {
        // O_TMPFILE of open(2): a file without a name, so nothing is left of the attempt.
        let file = open(folder, 0o20_000_000 | O_DIRECTORY | O_WRONLY | O_CLOEXEC, 0o600)
        if file >= 0 { close(file) }
        return file < 0 && errno == EROFS
    }

    private static func isFull(_ folder: String) -> Bool {
        var status = statvfs()
        // That file grows by 32 KiB at once.
        return statvfs(folder, &status) == 0 && UInt(status.f_bavail) * UInt(status.f_frsize) < 32 << 10
    }
}
