import Foundation
import GRDB

/// One training job in the store.
package struct StoredJob: Sendable, Equatable {
    package var id: String
    /// `running`, `published`, `rejected`, `failed` or `cancelled`.
    package var state: String
    /// The job, as JSON that only the service reads.
    package var request: String
    package var started: Date
    package var finished: Date?
    /// Why it failed or was cancelled, or the gate's words on the version it made.
    package var message: String
    package var version: Int64?

    init(_ row: Row) {
        id = row["id"]
        state = row["state"]
        request = row["request"]
        started = Date(milliseconds: row["started"])
        finished = (row["finished"] as Int64?).map(Date.init(milliseconds:))
        message = row["error"] as String? ?? row["reason"] as String? ?? ""
        version = row["version"]
    }
}

/// What has come up since the last training.
package struct TrainingNews: Sendable, Equatable {
    package var newSamples: Int
    /// Samples that were relabelled or forgotten.
    package var corrections: Int
    /// How many jobs in a row, the last one first, came to nothing: failed, kept back, or rolled back.
    package var setbacks: Int
    /// When the last job ended, by the wall clock.
    package var lastEnd: Date?

    package init(newSamples: Int, corrections: Int, setbacks: Int, lastEnd: Date?) {
        self.newSamples = newSamples
        self.corrections = corrections
        self.setbacks = setbacks
        self.lastEnd = lastEnd
    }
}

extension Store {
    /// How many jobs are remembered.
    package static let jobLimit = 1_000

    /// Notes that a training job runs.
    package func beginJob(id: String, request: String) async throws(StoreError) {
        try await write { db in
            try db.execute(
                sql: "DELETE FROM jobs WHERE rowid NOT IN (SELECT rowid FROM jobs ORDER BY rowid DESC LIMIT ?)",
                arguments: [Self.jobLimit - 1])
            try db.execute(
                sql: "INSERT INTO jobs (id, state, request, started) VALUES (?, 'running', ?, ?)",
                arguments: [id, request, Date().milliseconds])
        }
    }

    /// Notes how a training job ended.
    package func endJob(id: String, state: String, error: String?, version: Int64?) async throws(StoreError) {
        try await write { db in
            try db.execute(
                sql: "UPDATE jobs SET state = ?, finished = ?, error = ?, version = ? WHERE id = ?",
                arguments: [state, Date().milliseconds, error, version, id])
        }
    }

    /// The job that was started last; nil before the first.
    package func lastJob() async throws(StoreError) -> StoredJob? {
        try await read { db in
            try Row.fetchOne(
                db,
                sql: """
                    SELECT jobs.*, versions.reason FROM jobs LEFT JOIN versions ON versions.number = jobs.version
                    ORDER BY jobs.rowid DESC LIMIT 1
                    """
            ).map(StoredJob.init)
        }
    }

    /// What is new of the backbone `fingerprint` since the snapshot of its last version, published or not.
    package func trainingNews(fingerprint: String) async throws(StoreError) -> TrainingNews {
        try await read { db in
            let snapshot =
                try Int64.fetchOne(
                    db, sql: "SELECT max(snapshot) FROM versions WHERE fingerprint = ?", arguments: [fingerprint]) ?? 0
            func count(_ sql: String, _ arguments: StatementArguments) throws -> Int {
                try Int.fetchOne(db, sql: "SELECT count(*) FROM " + sql, arguments: arguments) ?? 0
            }
            let backbone = "samples WHERE fingerprint = (SELECT id FROM fingerprints WHERE value = ?)"
            let taught = try count("\(backbone) AND sequence > ?", [fingerprint, snapshot])
            let relearned = try count(
                "\(backbone) AND relearned > ? AND sequence <= ?", [fingerprint, snapshot, snapshot])
            let corrections = try count(
                "changes WHERE sequence > ? AND kind IN ('relabel', 'merge', 'forget', 'purge')", [snapshot])
            let endings = try Row.fetchAll(
                db,
                sql: """
                    SELECT jobs.state, jobs.finished, versions.state AS version
                    FROM jobs LEFT JOIN versions ON versions.number = jobs.version
                    WHERE jobs.state NOT IN ('running', 'cancelled') ORDER BY jobs.rowid DESC LIMIT 20
                    """)
            let last = try Int64.fetchOne(
                db, sql: "SELECT finished FROM jobs WHERE finished IS NOT NULL ORDER BY rowid DESC LIMIT 1")
            let setbacks = endings.prefix { row in
                // No version where it was deleted since.
                row["state"] != "published" || (row["version"] as String?) == "rolled_back"
            }
            return TrainingNews(
                newSamples: taught + relearned, corrections: corrections, setbacks: setbacks.count,
                lastEnd: last.map(Date.init(milliseconds:)))
        }
    }

    /// How many jobs ended in each state.
    package func jobCounts() async throws(StoreError) -> [String: Int] {
        try await read { db in
            try Row.fetchAll(db, sql: "SELECT state, count(*) AS jobs FROM jobs GROUP BY state")
                .reduce(into: [:]) { $0[$1["state"]] = $1["jobs"] }
        }
    }
}
