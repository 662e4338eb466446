import Foundation
import GRDB

/// What is wrong with the database of a state folder, looked at without changing it.
package struct DatabaseExamination: Sendable {
    /// What SQLite found in pages, indexes and references; empty where all is well.
    package private(set) var damage: [String] = []
    /// Why it cannot be read at all; nil where it can.
    package private(set) var failure: StoreError?
    package private(set) var isOlderSchema = false
    /// What the store counts as it goes, where that is not what there is.
    package private(set) var wrongCounts: [WrongCount] = []
    /// Samples whose features are of another length than those of most others of their backbone, or cut off.
    package private(set) var misshapenSamples = 0
    /// Every version, newest first.
    package private(set) var versions: [StoredVersion] = []
    package private(set) var activeVersion: Int64 = 0
    /// How many samples have features of each backbone, by fingerprint.
    package private(set) var samples: [String: Int] = [:]

    package struct WrongCount: Sendable, Equatable {
        package var name: String
        package var noted: Int
        package var found: Int
    }

    /// How many lines of damage are listed.
    private static let damageLimit = 10

    /// Examines the file in `folder`. It waits for the disk: it belongs on a thread that may.
    package init(folder: String) {
        do {
            try examine(folder)
        } catch {
            failure = StoreError(error, folder: folder)
        }
    }

    private mutating func examine(_ folder: String) throws {
        let path = "\(folder)/graftd.sqlite"
        guard FileManager.default.fileExists(atPath: path) else { return }
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(10)
        let database = try DatabaseQueue(path: path, configuration: configuration)
        defer { try? database.close() }
        try Schema.check(database, folder: folder)
        isOlderSchema = try Schema.isOlder(database)
        damage = try database.read(Self.damage)
        guard !isOlderSchema, damage.isEmpty else { return }
        try database.read { db in
            versions = try Row.fetchAll(db, sql: "SELECT * FROM versions ORDER BY number DESC").map(StoredVersion.init)
            activeVersion = try Store.activeVersion(db)
            samples = try Row.fetchAll(
                db,
                sql: "SELECT value, (SELECT count(*) FROM samples WHERE fingerprint = f.id) AS n FROM fingerprints f"
            ).reduce(into: [:]) { $0[$1["value"]] = $1["n"] }
            misshapenSamples = try Self.misshapenSamples(db)
            wrongCounts = try Store.wrongCounts(db)
        }
    }

    /// What SQLite says of the file: of its pages and indexes, then of rows that refer to none.
    static func damage(_ db: Database) throws -> [String] {
        do {
            let lines = try String.fetchAll(db, sql: "PRAGMA integrity_check(\(damageLimit))")
            guard lines == ["ok"] else { return lines }
            return try Row.fetchAll(db, sql: "PRAGMA foreign_key_check").prefix(damageLimit).map { row in
                "row \(row["rowid"] as Int64? ?? 0) of \(row["table"] as String) refers to no row of "
                    + "\(row["parent"] as String)"
            }
        } catch let error as DatabaseError where error.resultCode == .SQLITE_CORRUPT {
            return [error.message ?? "the file is damaged"]
        }
    }

    private static func misshapenSamples(_ db: Database) throws -> Int {
        try Int.fetchOne(
            db,
            sql: """
                WITH lengths AS (SELECT fingerprint, length(features) AS bytes, count(*) AS n FROM samples GROUP BY 1, 2),
                    usual AS (SELECT fingerprint, bytes, max(n) FROM lengths GROUP BY fingerprint)
                SELECT coalesce(sum(n), 0) FROM lengths JOIN usual USING (fingerprint)
                WHERE lengths.bytes <> usual.bytes OR lengths.bytes % 2 <> 0 OR lengths.bytes = 0
                """) ?? 0
    }
}

extension Store {
    static func wrongCounts(_ db: Database) throws -> [DatabaseExamination.WrongCount] {
        let counts = [
            ("images", "SELECT count(*) FROM images"),
            ("image_bytes", "SELECT coalesce(sum(length(bytes)), 0) FROM images"),
            ("latents", "SELECT count(*) FROM latents"),
            ("latent_bytes", "SELECT coalesce(sum(length(bytes)), 0) FROM latents"),
        ]
        return try counts.compactMap { name, sql in
            let (noted, found) = (try setting(name, db), try Int.fetchOne(db, sql: sql) ?? 0)
            return noted == found ? nil : .init(name: name, noted: noted, found: found)
        }
    }

    /// Counts again what is counted as it goes.
    package func correctCounts() async throws(StoreError) {
        try await write { db in
            for wrong in try Self.wrongCounts(db) {
                try db.execute(
                    sql: "INSERT OR REPLACE INTO settings VALUES (?, ?)", arguments: [wrong.name, wrong.found])
            }
        }
    }

    /// Notes that the weights of version `number` are lost, so that it is not offered any more. If it was to answer, the
    /// nearest of those it goes back to that can takes its place.
    ///
    /// - Returns: the version that is to answer now.
    package func noteLostWeights(of number: Int64) async throws(StoreError) -> Int64 {
        try await write { db in
            try db.execute(sql: "UPDATE versions SET has_weights = 0 WHERE number = ?", arguments: [number])
            if try Int64.fetchOne(db, sql: "SELECT value FROM settings WHERE key = 'shadow_version'") == number {
                try Self.setShadow(nil, db)
            }
            var active = try Self.activeVersion(db)
            guard active == number else { return active }
            repeat {
                active =
                    try Int64.fetchOne(db, sql: "SELECT parent FROM versions WHERE number = ?", arguments: [active])
                    ?? 0
            } while try active != 0
                && Int.fetchOne(db, sql: "SELECT has_weights FROM versions WHERE number = ?", arguments: [active]) != 1
            try db.execute(sql: "UPDATE settings SET value = ? WHERE key = 'active_version'", arguments: [active])
            try Self.setShadow(nil, db)
            return active
        }
    }
}
