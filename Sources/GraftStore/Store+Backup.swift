import Foundation
import GRDB
import Glibc

extension Store {
    /// Copies the database, as it is at one moment, to a new file at `path`; whoever reads or writes goes on meanwhile. The
    /// copy is one file without a log, and was checked.
    ///
    /// It takes as long as the disk needs, so it belongs on a thread that may wait.
    ///
    /// - Returns: The versions that have weights, in the copy.
    /// - Throws: ``StoreError``: the disk is full, or the database is damaged.
    package func copyDatabase(to path: String) throws(StoreError) -> [Int64] {
        do {
            // It is nobody else's to read, from its first byte on.
            let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else {
                throw StoreError.notWritable(folder: folder, reason: String(cString: strerror(errno)))
            }
            Glibc.close(descriptor)
            // A connection of its own: those of the pool are for requests.
            var configuration = Configuration()
            configuration.readonly = true
            configuration.busyMode = .timeout(10)
            let source = try DatabaseQueue(path: "\(folder)/graftd.sqlite", configuration: configuration)
            let copy = try DatabaseQueue(path: path)
            // One step is one read transaction, so that what is written meanwhile does not start it again.
            try source.backup(to: copy)
            return try copy.writeWithoutTransaction { db in
                let found = try String.fetchAll(db, sql: "PRAGMA quick_check(1)")
                guard found == ["ok"] else {
                    throw StoreError.corrupt(folder: folder, reason: found.first ?? "it cannot be checked")
                }
                // A log of its own would be a second file.
                try db.execute(sql: "PRAGMA journal_mode = DELETE")
                return try Int64.fetchAll(
                    db, sql: "SELECT number FROM versions WHERE has_weights AND state <> 'candidate' ORDER BY number")
            }
        } catch {
            throw StoreError(error, folder: folder)
        }
    }
}
