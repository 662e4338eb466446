import Foundation
import GRDB

/// What was saved of a damaged database, in rows.
package struct SalvageReport: Sendable, Equatable {
    package var samples = 0
    /// Samples whose rows could not be read; nil where nobody can tell how many there were.
    package var lostSamples: Int?
    /// Labels whose names were lost: they have new ones.
    package var renamedLabels: [String] = []
    /// Where the damaged file is kept.
    package var keptAside = ""
}

/// Copies what can be read of a damaged database into a new one.
///
/// A row in a page that is damaged is lost; those before and after it are not. What only sums up other rows is left out, and
/// what rows refer to is made again, so that every sample that is readable is kept.
struct Salvage {
    private let source: DatabaseQueue
    private let target: DatabaseQueue

    /// In the order in which rows refer to each other.
    private static let tables = [
        "labels", "fingerprints", "changes", "samples", "versions", "jobs", "settings", "images", "latents",
        "tuned_features",
    ]
    /// Without row numbers.
    private static let keyed = ["answers", "shadow_answers"]
    /// Counted anew as rows come in.
    private static let counted = ["images", "image_bytes", "latents", "latent_bytes"]
    /// The most rows that are looked for one by one between the last readable one and the next.
    private static let gapLimit: Int64 = 1 << 22

    init(from path: String, to place: String, folder: String) throws {
        var reading = Configuration()
        reading.readonly = true
        source = try DatabaseQueue(path: path, configuration: reading)
        var writing = Store.writing
        // Rows come in whatever order they can be read.
        writing.foreignKeysEnabled = false
        target = try DatabaseQueue(path: place, configuration: writing)
        try Schema.bringForward(target, folder: folder)
    }

    func run() throws -> SalvageReport {
        var report = SalvageReport()
        try source.unsafeRead { old in
            try target.write { new in
                for table in Self.tables { try copy(table, old, new, byRow: true) }
                for table in Self.keyed { try copy(table, old, new, byRow: false) }
                report = try mend(old, new)
            }
        }
        let left = try target.read(DatabaseExamination.damage)
        guard left.isEmpty else {
            throw StoreError.failed(reason: "what was salvaged does not fit together: \(left.joined(separator: "; "))")
        }
        try target.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA synchronous = FULL")
            try db.checkpoint(.truncate)
        }
        try target.close()
        try? source.close()
        return report
    }

    // MARK: Rows

    private func copy(_ table: String, _ old: Database, _ new: Database, byRow: Bool) throws {
        // A table that an older version did not have, or whose description is lost, has nothing to give.
        guard let known = try? old.columns(in: table).map(\.name) else { return }
        let columns = try new.columns(in: table).map(\.name).filter(known.contains)
        let list = columns.map { "\"\($0)\"" }.joined(separator: ", ")
        let insertion = try new.cachedStatement(
            sql:
                "INSERT OR REPLACE INTO \(table) (\(list)) VALUES (\(columns.map { _ in "?" }.joined(separator: ", ")))"
        )
        func keep(_ row: Row) {
            if table == "settings", let key = row["key"] as String?, Self.counted.contains(key) { return }
            if table == "samples", !Self.isWhole(row) { return }
            // A damaged page may hold what no row of ours can be: that one is lost.
            try? insertion.execute(arguments: StatementArguments(columns.map { row[$0] as DatabaseValue }))
        }
        guard byRow else {
            _ = try scan("SELECT \(list) FROM \(table)", [], old) { keep($0) }
            return
        }
        var first = Int64.min
        let all = "SELECT rowid AS row_number, \(list) FROM \(table)"
        if try scan(
            "\(all) ORDER BY rowid", [], old,
            {
                first = $0["row_number"]; keep($0)
            })
        {
            return
        }
        // From the other end, down to the damage; then each row in between.
        var last = Int64.max
        _ = try scan("\(all) WHERE rowid > ? ORDER BY rowid DESC", [first], old) {
            last = $0["row_number"]; keep($0)
        }
        if last == .max { last = (try? end(of: table, old)).flatMap { $0 } ?? .max }
        first = max(first, 0)
        guard last > first, last - first <= Self.gapLimit else { return }
        for number in first...last {
            _ = try scan("\(all) WHERE rowid = ?", [number], old) { keep($0) }
        }
    }

    /// Hands rows to `body` until there are no more; false where damage came first.
    private func scan(
        _ sql: String, _ arguments: StatementArguments, _ db: Database, _ body: (Row) -> Void
    ) throws -> Bool {
        do {
            let rows = try Row.fetchCursor(db, sql: sql, arguments: arguments)
            while let row = try rows.next() { body(row) }
            return true
        } catch let error as DatabaseError
            where [.SQLITE_CORRUPT, .SQLITE_IOERR, .SQLITE_NOTADB, .SQLITE_TOOBIG].contains(error.resultCode)
        {
            return false
        }
    }

    /// The number after the highest that a row of `table` may have; a sample has that of a change.
    private func end(of table: String, _ db: Database) throws -> Int64? {
        let counted = ["samples": "changes", "latents": "changes"][table] ?? table
        return try Int64.fetchOne(db, sql: "SELECT seq FROM sqlite_sequence WHERE name = ?", arguments: [counted])
    }

    private static func isWhole(_ row: Row) -> Bool {
        guard let features = Data.fromDatabaseValue(row["features"]),
            let digest = Data.fromDatabaseValue(row["digest"]),
            String.fromDatabaseValue(row["id"]) != nil, Int64.fromDatabaseValue(row["label"]) != nil
        else { return false }
        return !features.isEmpty && features.count.isMultiple(of: 2) && digest.count == 32
    }

    // MARK: What rows refer to

    private func mend(_ old: Database, _ new: Database) throws -> SalvageReport {
        var report = SalvageReport()
        for label in try Int64.fetchAll(
            new, sql: "SELECT DISTINCT label FROM samples WHERE label NOT IN (SELECT id FROM labels) ORDER BY label")
        {
            let name = "recovered-\(label)"
            try new.execute(sql: "INSERT INTO labels (id, name) VALUES (?, ?)", arguments: [label, name])
            report.renamedLabels.append(name)
        }
        try new.execute(
            sql: """
                INSERT INTO fingerprints (id, value) SELECT DISTINCT fingerprint, 'lost-' || fingerprint FROM samples
                WHERE fingerprint NOT IN (SELECT id FROM fingerprints);
                INSERT INTO changes (sequence, kind, sample, to_label, created) SELECT sequence, 'teach', id, label, created
                FROM samples WHERE sequence NOT IN (SELECT sequence FROM changes);
                UPDATE samples SET relearned = NULL WHERE relearned NOT IN (SELECT sequence FROM changes);
                UPDATE samples SET predicted_label = NULL, predicted_right = NULL
                    WHERE predicted_label NOT IN (SELECT id FROM labels);
                UPDATE labels SET merged_into = NULL WHERE merged_into NOT IN (SELECT id FROM labels);
                DELETE FROM images WHERE sample NOT IN (SELECT id FROM samples);
                DELETE FROM latents WHERE sample NOT IN (SELECT sequence FROM samples);
                DELETE FROM tuned_features WHERE sample NOT IN (SELECT id FROM samples)
                    OR version NOT IN (SELECT number FROM versions);
                DELETE FROM answers WHERE sample NOT IN (SELECT id FROM samples)
                    OR version NOT IN (SELECT number FROM versions);
                DELETE FROM shadow_answers WHERE sample NOT IN (SELECT id FROM samples);
                UPDATE settings SET value = 0
                    WHERE key = 'active_version' AND value NOT IN (SELECT number FROM versions);
                UPDATE settings SET value = -1
                    WHERE key = 'shadow_version' AND value NOT IN (SELECT number FROM versions) AND value <> 0;
                """)
        // No number is used twice, whatever was lost.
        for table in ["labels", "changes", "fingerprints", "versions"] {
            guard let used = try? end(of: table, old) else { continue }
            try new.execute(
                sql: "UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?", arguments: [used, table])
        }
        report.samples = try Int.fetchOne(new, sql: "SELECT count(*) FROM samples") ?? 0
        report.lostSamples = try lost(new)
        return report
    }

    /// Samples that were taught and not forgotten, as the changes say, and are not there.
    private func lost(_ new: Database) throws -> Int? {
        try Int.fetchOne(
            new,
            sql: """
                SELECT count(DISTINCT sample) FROM changes
                WHERE kind = 'teach' AND sample NOT IN (SELECT id FROM samples)
                    AND NOT EXISTS (SELECT 1 FROM changes AS later
                        WHERE later.sample = changes.sample AND later.kind IN ('forget', 'purge')
                            AND later.sequence > changes.sequence)
                """)
    }
}
