import GRDB

/// What the version that answered before the last swap said of a sample, before that was learned.
package struct ShadowAnswer: Sendable, Equatable {
    package var version: Int64
    package var label: String

    package init(version: Int64, label: String) {
        self.version = version
        self.label = label
    }
}

/// A newly taught sample that two versions were asked about before it was learned.
package struct ShadowedSample: Sendable, Equatable {
    package var label: Int64
    /// What the version that answers said.
    package var live: Int64
    /// What the one that answered before said.
    package var shadow: Int64

    package init(label: Int64, live: Int64, shadow: Int64) {
        self.label = label
        self.live = live
        self.shadow = shadow
    }
}

extension Store {
    /// The version that answered before the last swap, while it is still asked; 0 is the analytic head alone.
    package func shadowVersion() async throws(StoreError) -> Int64? {
        try await read { db in
            try Int64.fetchOne(db, sql: "SELECT value FROM settings WHERE key = 'shadow_version' AND value >= 0")
        }
    }

    /// Asks the shadow no more.
    package func endShadow() async throws(StoreError) {
        try await write { db in try Self.setShadow(nil, db) }
    }

    /// What was taught since the last swap, in its order, with what both versions said before.
    ///
    /// One sample of each group or cluster: frames of one burst are right or wrong together, so the others say nothing new.
    package func shadowedSamples() async throws(StoreError) -> [ShadowedSample] {
        try await read { db in
            // With min(), the other columns are those of the row that has it (sqlite.org/lang_select.html).
            try Row.fetchAll(
                db,
                sql: """
                    SELECT min(sequence) AS first, samples.label AS label, predicted_label, shadow_answers.label AS shadow
                    FROM shadow_answers JOIN samples ON samples.id = shadow_answers.sample
                    WHERE predicted_label IS NOT NULL AND samples.label <> \(Self.negative)
                    GROUP BY coalesce(group_name, cluster, lower(hex(digest))) ORDER BY first
                    """
            ).map { ShadowedSample(label: $0["label"], live: $0["predicted_label"], shadow: $0["shadow"]) }
        }
    }

    /// Keeps what the shadow said of `sample`, unless versions were swapped since.
    static func keep(_ prediction: PriorAnswer?, of sample: String, _ db: Database) throws {
        guard let prediction, let shadow = prediction.shadow, let label = try labelID(named: shadow.label, db) else {
            return
        }
        try db.execute(
            sql: """
                INSERT OR REPLACE INTO shadow_answers (sample, label)
                SELECT ?, ? WHERE ? = (SELECT value FROM settings WHERE key = 'active_version')
                    AND ? = (SELECT value FROM settings WHERE key = 'shadow_version')
                """, arguments: [sample, label, prediction.version, shadow.version])
    }

    static func setShadow(_ number: Int64?, _ db: Database) throws {
        try db.execute(sql: "DELETE FROM shadow_answers")
        try db.execute(
            sql: "UPDATE settings SET value = ? WHERE key = 'shadow_version'", arguments: [number ?? -1])
    }
}
