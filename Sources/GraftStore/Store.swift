import Foundation
import GRDB
import Glibc

/// Everything that a daemon knows, in one SQLite file of its state folder.
///
/// A change is acknowledged when its transaction is on the disk (`synchronous=FULL`). The asynchronous methods run on
/// GRDB's own queues; the synchronous ones say so, and belong on a thread that may wait.
package final class Store: Sendable {
    package enum Access: Sendable {
        /// The daemon: holds the folder's lock, and brings an older schema forward.
        case writer
        /// The trainer: reads beside the daemon.
        case reader
    }

    package let folder: String
    let database: any DatabaseReader & DatabaseWriter
    private let lock: StateLock?

    /// - Throws: ``StoreError``: the folder is in use, written by a newer version, damaged, or cannot be written.
    package init(folder: String, access: Access) throws(StoreError) {
        self.folder = folder
        let path = "\(folder)/graftd.sqlite"
        do {
            switch access {
            case .writer:
                try Self.createFolders(folder)
                lock = try StateLock(folder: folder)
                try Restoration.finish(folder)
                // SQLite gives the files of its log the mode of the database, so that is made first.
                Glibc.close(open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600))
                database = try DatabasePool(path: path, configuration: Self.writing)
                // Every commit waits for the disk; said here, because turning the log on sets it to less.
                try database.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
                try Schema.bringForward(database, folder: folder)
                try Self.closeWhatAKillLeftOpen(database)
            case .reader:
                lock = nil
                var configuration = Configuration()
                configuration.readonly = true
                configuration.busyMode = .timeout(10)
                database = try DatabaseQueue(path: path, configuration: configuration)
                try Schema.check(database, folder: folder)
            }
        } catch {
            throw StoreError(error, folder: folder)
        }
    }

    /// Whether a daemon uses `folder`.
    package static func isInUse(folder: String) -> Bool { StateLock.isHeld(folder: folder) }

    /// Folds the write-ahead log into the file, closes it, and lets another daemon have the folder. No call may come after it.
    package func close() throws(StoreError) {
        do {
            try database.close()
        } catch {
            throw StoreError(error, folder: folder)
        }
        lock?.release()
    }

    static var writing: Configuration {
        var configuration = Configuration()
        configuration.journalMode = .wal
        configuration.busyMode = .timeout(10)
        configuration.maximumReaderCount = 2
        configuration.prepareDatabase { db in
            guard !db.configuration.readonly else { return }
            // Before the first table, or it has no effect.
            try db.execute(sql: "PRAGMA auto_vacuum = INCREMENTAL")
            // What is forgotten is overwritten, not only unlinked: images may show people.
            try db.execute(sql: "PRAGMA secure_delete = ON")
        }
        return configuration
    }

    private static func createFolders(_ folder: String) throws {
        for path in [folder, "\(folder)/versions", "\(folder)/backbones"] {
            do {
                try FileManager.default.createDirectory(
                    atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            } catch {
                throw StoreError.notWritable(folder: folder, reason: error.localizedDescription)
            }
        }
    }

    /// Ends the jobs, and rejects the candidates, that a killed daemon could not.
    private static func closeWhatAKillLeftOpen(_ database: any DatabaseWriter) throws {
        try database.write { db in
            try db.execute(
                sql: "UPDATE jobs SET state = 'failed', finished = ?, error = ? WHERE state = 'running'",
                arguments: [Date().milliseconds, "the service ended, or was killed, while it ran: train again"])
            try db.execute(
                sql: "DELETE FROM answers WHERE version IN (SELECT number FROM versions WHERE state = 'candidate')")
            try db.execute(
                sql: "UPDATE versions SET state = 'rejected', reason = ? WHERE state = 'candidate'",
                arguments: ["the service stopped before it was published"])
        }
    }

    /// Folds the write-ahead log into the file and empties it, so that what was forgotten is in neither.
    ///
    /// Where a reader is at work the log is emptied another time: forgetting does not wait for that.
    func emptyLog() async {
        _ = try? await database.writeWithoutTransaction { db in try db.checkpoint(.truncate) }
    }

    // MARK: Access

    // Both are for this module and its tests: whoever else needs a statement finds the method that is named for it.

    package func read<R: Sendable>(_ body: @escaping @Sendable (Database) throws -> R) async throws(StoreError) -> R {
        do {
            return try await database.read(body)
        } catch {
            throw StoreError(error, folder: folder)
        }
    }

    package func write<R: Sendable>(_ body: @escaping @Sendable (Database) throws -> R) async throws(StoreError) -> R {
        do {
            // A task of its own: a change that has begun is not undone because its client went away.
            return try await Task { [database] in try await database.write(body) }.value
        } catch {
            throw StoreError(error, folder: folder)
        }
    }
}
