import Foundation
import GRDB

/// A trained version that is to be kept.
package struct NewVersion: Sendable {
    package var parent: Int64
    package var fingerprint: String
    /// The last change it has learned.
    package var snapshot: Int64
    package var strategy: String
    package var seed: UInt64
    /// What was measured, as JSON that only the service reads.
    package var facts: String
    /// SHA-256 of the weights' file, in hexadecimal.
    package var digest: String
    package var answers: [VersionAnswer]

    package init(
        parent: Int64, fingerprint: String, snapshot: Int64, strategy: String, seed: UInt64, facts: String,
        digest: String, answers: [VersionAnswer]
    ) {
        self.parent = parent
        self.fingerprint = fingerprint
        self.snapshot = snapshot
        self.strategy = strategy
        self.seed = seed
        self.facts = facts
        self.digest = digest
        self.answers = answers
    }
}

/// What a version said of one sample that it had not learned.
package struct VersionAnswer: Sendable, Equatable {
    package var sample: String
    package var label: Int64
    package var probability: Float

    package init(sample: String, label: Int64, probability: Float) {
        self.sample = sample
        self.label = label
        self.probability = probability
    }
}

/// One version in the store.
package struct StoredVersion: Sendable, Equatable {
    package enum State: String, Sendable {
        /// Its weights are being put in place.
        case candidate
        case published, rejected
        /// It answered, and was found worse than what had answered before.
        case rolledBack = "rolled_back"

        /// Whether it may be told to answer.
        package var mayAnswer: Bool { self == .published || self == .rolledBack }
    }

    package var number: Int64
    package var parent: Int64
    package var state: State
    package var fingerprint: String
    package var snapshot: Int64
    package var strategy: String
    package var seed: UInt64
    package var reason: String
    package var facts: String
    package var digest: String
    package var hasWeights: Bool
    package var stale: Bool
    package var created: Date

    init(_ row: Row) {
        number = row["number"]
        parent = row["parent"]
        state = State(rawValue: row["state"]) ?? .rejected
        fingerprint = row["fingerprint"]
        snapshot = row["snapshot"]
        strategy = row["strategy"]
        seed = UInt64(bitPattern: row["seed"])
        reason = row["reason"]
        facts = row["facts"]
        digest = row["digest"]
        hasWeights = row["has_weights"]
        stale = row["stale"]
        created = Date(milliseconds: row["created"])
    }
}

extension Store {
    /// Keeps a version as a candidate, and returns its number. It is stale from the beginning where a sample that it was trained
    /// on was forgotten, or given another label, meanwhile.
    ///
    /// - Throws: ``StoreError/purgedMeanwhile`` where one was purged.
    package func insert(_ version: NewVersion) async throws(StoreError) -> Int64 {
        try await write { db in
            guard try !Self.hasChanged(since: version.snapshot, ["purge"], db) else { throw StoreError.purgedMeanwhile }
            let isStale = try Self.hasChanged(since: version.snapshot, ["forget", "relabel"], db)
            try db.execute(
                sql: """
                    INSERT INTO versions (parent, state, fingerprint, snapshot, strategy, seed, reason, facts, digest,
                        has_weights, stale, created)
                    VALUES (?, 'candidate', ?, ?, ?, ?, '', ?, ?, 0, ?, ?)
                    """,
                arguments: [
                    version.parent, version.fingerprint, version.snapshot, version.strategy,
                    Int64(bitPattern: version.seed), version.facts, version.digest, isStale, Date().milliseconds,
                ])
            let number = db.lastInsertedRowID
            for answer in version.answers {
                // A sample that was forgotten while the version was trained has no row to refer to any more.
                try db.execute(
                    sql: """
                        INSERT INTO answers (version, sample, label, probability)
                        SELECT ?, id, ?, ? FROM samples WHERE id = ?
                        """, arguments: [number, answer.label, answer.probability, answer.sample])
            }
            return number
        }
    }

    /// Lets the candidate `number`, whose weights are in place, answer from now on.
    ///
    /// - Throws: ``StoreError/purgedMeanwhile`` where it is there no more.
    package func publish(_ number: Int64, reason: String) async throws(StoreError) {
        try await write { db in
            try db.execute(
                sql: "UPDATE versions SET state = 'published', has_weights = 1, reason = ? WHERE number = ?",
                arguments: [reason, number])
            guard db.changesCount == 1 else { throw StoreError.purgedMeanwhile }
            try Self.setActive(number, db)
        }
    }

    /// Keeps the candidate `number` as rejected, without weights and without what it said of each sample.
    package func reject(_ number: Int64, reason: String) async throws(StoreError) {
        try await write { db in
            try db.execute(
                sql: "UPDATE versions SET state = 'rejected', reason = ? WHERE number = ?", arguments: [reason, number])
            try db.execute(sql: "DELETE FROM answers WHERE version = ?", arguments: [number])
            try Self.removeOldRecords(db)
        }
    }

    /// How many versions are remembered that have no weights: rejected ones, and those too old to go back to.
    package static let recordLimit = 100

    private static func removeOldRecords(_ db: Database) throws {
        let old = """
            NOT has_weights AND state <> 'candidate'
                AND number <> (SELECT value FROM settings WHERE key = 'active_version')
                AND number NOT IN (SELECT number FROM versions WHERE NOT has_weights ORDER BY number DESC LIMIT ?)
            """
        try db.execute(
            sql: "DELETE FROM answers WHERE version IN (SELECT number FROM versions WHERE \(old))",
            arguments: [recordLimit])
        try db.execute(sql: "DELETE FROM versions WHERE \(old)", arguments: [recordLimit])
    }

    /// Takes back what ``publish(_:reason:)`` or ``activate(_:)`` did: `previous` answers again, without a shadow, and
    /// `number` is marked with the reason.
    package func rollBack(_ number: Int64, to previous: Int64, reason: String) async throws(StoreError) {
        try await write { db in
            try db.execute(
                sql: "UPDATE versions SET state = 'rolled_back', reason = ? WHERE number = ?",
                arguments: [reason, number])
            try Self.setActive(previous, db)
            try Self.setShadow(nil, db)
        }
    }

    /// Lets version `number` answer; 0 is the analytic head alone.
    package func activate(_ number: Int64) async throws(StoreError) {
        try await write { db in
            if number != 0 {
                let row = try Row.fetchOne(db, sql: "SELECT * FROM versions WHERE number = ?", arguments: [number])
                guard let version = row.map(StoredVersion.init) else { throw StoreError.unknownVersion(number) }
                guard version.state.mayAnswer else {
                    throw StoreError.versionUnusable(number, reason: "the gate kept it back (\(version.reason))")
                }
                guard version.hasWeights else {
                    throw StoreError.versionUnusable(number, reason: "its weights were removed as too old: train again")
                }
            }
            try Self.setActive(number, db)
        }
    }

    /// Lets `parent` answer instead of version `number`, whose weights are damaged; neither is the other's shadow.
    package func replaceActive(_ number: Int64, by parent: Int64) async throws(StoreError) {
        try await write { db in
            guard try Self.activeVersion(db) == number else { return }
            try Self.setActive(parent, db)
            try Self.setShadow(nil, db)
        }
    }

    package func activeVersion() async throws(StoreError) -> Int64 { try await read(Self.activeVersion) }

    static func activeVersion(_ db: Database) throws -> Int64 {
        try Int64.fetchOne(db, sql: "SELECT value FROM settings WHERE key = 'active_version'") ?? 0
    }

    /// Every version, newest first.
    package func versions() async throws(StoreError) -> [StoredVersion] {
        try await read { db in
            try Row.fetchAll(db, sql: "SELECT * FROM versions ORDER BY number DESC").map(StoredVersion.init)
        }
    }

    package func version(_ number: Int64) async throws(StoreError) -> StoredVersion {
        let version = try await read { db in
            try Row.fetchOne(db, sql: "SELECT * FROM versions WHERE number = ?", arguments: [number])
                .map(StoredVersion.init)
        }
        guard let version else { throw .unknownVersion(number) }
        return version
    }

    /// Notes that the weights of all but the active one, its shadow and the `keep` newest versions are to go.
    ///
    /// - Returns: the versions whose files may be removed.
    package func dropOldWeights(keep: Int) async throws(StoreError) -> [Int64] {
        try await write { db in
            let old = try Int64.fetchAll(
                db,
                sql: """
                    SELECT number FROM versions
                    WHERE has_weights
                        AND number NOT IN
                            (SELECT value FROM settings WHERE key IN ('active_version', 'shadow_version'))
                        AND number NOT IN
                            (SELECT number FROM versions WHERE state IN ('published', 'rolled_back')
                             ORDER BY number DESC LIMIT ?)
                    """, arguments: [keep])
            for number in old {
                try db.execute(sql: "UPDATE versions SET has_weights = 0 WHERE number = ?", arguments: [number])
                try db.execute(sql: "DELETE FROM answers WHERE version = ?", arguments: [number])
                try db.execute(sql: "DELETE FROM tuned_features WHERE version = ?", arguments: [number])
            }
            try Self.removeOldRecords(db)
            return old
        }
    }

    /// What version `number` said, out of fold, by sample. Synchronous: for the trainer.
    package func answers(of number: Int64) throws(StoreError) -> [String: VersionAnswer] {
        do {
            return try database.read { db in
                try Row.fetchAll(db, sql: "SELECT * FROM answers WHERE version = ?", arguments: [number])
                    .reduce(into: [:]) { answers, row in
                        let sample: String = row["sample"]
                        answers[sample] = VersionAnswer(
                            sample: sample, label: row["label"], probability: row["probability"])
                    }
            }
        } catch {
            throw StoreError(error, folder: folder)
        }
    }

    /// The label that version `number` gave each sample when it was taught, before it was learned. Synchronous: for the
    /// trainer.
    package func prequentialAnswers(of number: Int64) throws(StoreError) -> [String: Int64] {
        do {
            return try database.read { db in
                try Row.fetchAll(
                    db,
                    sql: """
                        SELECT id, predicted_label FROM samples
                        WHERE predicted_version = ? AND predicted_label IS NOT NULL
                        """, arguments: [number]
                ).reduce(into: [:]) { $0[$1["id"]] = $1["predicted_label"] }
            }
        } catch {
            throw StoreError(error, folder: folder)
        }
    }

    /// Lets version `number` answer; the one that answered before is its shadow.
    private static func setActive(_ number: Int64, _ db: Database) throws {
        let before = try Int64.fetchOne(db, sql: "SELECT value FROM settings WHERE key = 'active_version'") ?? 0
        if before != number { try setShadow(before, db) }
        try db.execute(sql: "UPDATE settings SET value = ? WHERE key = 'active_version'", arguments: [number])
    }
}
