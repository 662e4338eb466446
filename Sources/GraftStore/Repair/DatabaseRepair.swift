import Foundation
import GRDB
import Glibc

/// Repairs the database of a state folder that no daemon uses.
package struct DatabaseRepair: ~Copyable {
    private let folder: String
    private let lock: StateLock
    private var path: String { "\(folder)/graftd.sqlite" }

    /// What became of a damaged database.
    package enum Outcome: Sendable, Equatable {
        /// Its indexes were made again from its tables, which are whole.
        case reindexed
        /// What could be read is in a new file; the damaged one was kept.
        case salvaged(SalvageReport)
    }

    /// - Throws: ``StoreError/alreadyOpen(folder:pid:)`` where a daemon uses the folder.
    package init(folder: String) throws(StoreError) {
        self.folder = folder
        lock = try StateLock(folder: folder)
    }

    deinit { lock.release() }

    /// Repairs what SQLite finds damaged: indexes first, which are made from tables; else everything that can still be read
    /// goes into a new file.
    package func repair() throws(StoreError) -> Outcome {
        do {
            if try reindex() { return .reindexed }
            let place = "\(folder)/salvage.tmp"
            try? FileManager.default.removeItem(atPath: place)
            defer { for suffix in ["", "-wal", "-shm"] { unlink(place + suffix) } }
            var report = try Salvage(from: path, to: place, folder: folder).run()
            report.keptAside = try exchange(place)
            return .salvaged(report)
        } catch {
            throw StoreError(error, folder: folder)
        }
    }

    /// Whether making the indexes again was enough.
    private func reindex() throws -> Bool {
        guard let database = try? DatabaseQueue(path: path, configuration: Store.writing) else { return false }
        defer { try? database.close() }
        do {
            return try database.writeWithoutTransaction { db in
                try db.execute(sql: "REINDEX")
                return try DatabaseExamination.damage(db).isEmpty
            }
        } catch let error as DatabaseError where [.SQLITE_CORRUPT, .SQLITE_CONSTRAINT].contains(error.resultCode) {
            return false
        }
    }

    /// Puts the file at `place` where the database was, and returns where that is kept.
    private func exchange(_ place: String) throws -> String {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.dateFormat = "yyyyMMdd-HHmmss"
        let aside = "\(path).damaged-\(formatter.string(from: Date()))"
        // A second name first: at no moment is there no database, which a start would take for a new state.
        guard link(path, aside) == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        // The log belongs to the damaged file; the new one would take it for its own.
        if rename("\(path)-wal", "\(aside)-wal") != 0, errno != ENOENT {
            throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO)
        }
        unlink("\(path)-shm")
        guard rename(place, path) == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        defer { if descriptor >= 0 { close(descriptor) } }
        guard descriptor >= 0, fsync(descriptor) == 0 else {
            throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO)
        }
        return aside
    }
}
