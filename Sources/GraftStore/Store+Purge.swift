import GRDB

/// Forgetting a sample so that nothing is left that was trained on it.
extension Store {
    /// The versions that were trained on the sample `id` and may have weights.
    package func versions(trainedOn id: String) async throws(StoreError) -> [Int64] {
        try await read { db in
            _ = try Self.changedSample(id, db)
            return try Self.versions(knowing: id, db)
        }
    }

    /// Removes the sample `id`, all that was made of it, and every version that was trained on it. Where that leaves none to
    /// answer, the analytic head does; a training job that has read the sample keeps nothing, see ``insert(_:)``.
    ///
    /// - Returns: what changed, and the versions whose files are to be removed.
    package func purge(_ id: String) async throws(StoreError) -> (ChangeOutcome, purged: [Int64]) {
        let outcome = try await write { db in
            let versions = try Self.versions(knowing: id, db)
            if versions.contains(try Self.activeVersion(db)) {
                try db.execute(sql: "UPDATE settings SET value = 0 WHERE key = 'active_version'")
                try Self.setShadow(nil, db)
            }
            for version in versions { try Self.remove(version, db) }
            // By now the features that it has are those of the version that answers from here on.
            let sample = try Self.changedSample(id, db)
            try Self.forget(sample, as: "purge", db)
            return (
                ChangeOutcome(samples: [sample], staleVersions: [], lastChange: try Self.lastChange(db)),
                purged: versions
            )
        }
        await emptyLog()
        return outcome
    }

    private static func remove(_ version: Int64, _ db: Database) throws {
        if try Int64.fetchOne(db, sql: "SELECT value FROM settings WHERE key = 'shadow_version'") == version {
            try setShadow(nil, db)
        }
        for table in ["answers", "tuned_features"] {
            try db.execute(sql: "DELETE FROM \(table) WHERE version = ?", arguments: [version])
        }
        // Who looks for the one before must not come to nothing.
        try db.execute(
            sql: "UPDATE versions SET parent = (SELECT parent FROM versions WHERE number = ?) WHERE parent = ?",
            arguments: [version, version])
        try db.execute(sql: "DELETE FROM versions WHERE number = ?", arguments: [version])
    }

    /// Those of `numbers` that once were versions and are no more.
    package func removedVersions(among numbers: [Int64]) async throws(StoreError) -> [Int64] {
        try await read { db in
            // The highest number ever given; no row before the first.
            let last = try Int64.fetchOne(db, sql: "SELECT seq FROM sqlite_sequence WHERE name = 'versions'") ?? 0
            let known = Set(try Int64.fetchAll(db, sql: "SELECT number FROM versions"))
            return numbers.filter { $0 <= last && !known.contains($0) }
        }
    }

    // MARK: What a training job did not see

    /// Whether one of the samples taught by change `snapshot` has met a change of one of `kinds` since.
    static func hasChanged(since snapshot: Int64, _ kinds: [String], _ db: Database) throws -> Bool {
        try Bool.fetchOne(
            db,
            sql: """
                SELECT EXISTS (SELECT 1 FROM changes
                    WHERE sequence > ? AND kind IN (\(kinds.map { "'\($0)'" }.joined(separator: ", ")))
                        AND EXISTS (SELECT 1 FROM changes AS taught
                            WHERE taught.sample = changes.sample AND taught.kind = 'teach' AND taught.sequence <= ?))
                """, arguments: [snapshot, snapshot]) ?? false
    }
}
