import GRDB

/// A label and how many samples it has.
package struct StoredLabel: Sendable, Equatable {
    package var id: Int64
    package var name: String
    package var samples: Int

    package init(id: Int64, name: String, samples: Int) {
        self.id = id
        self.name = name
        self.samples = samples
    }
}

extension Store {
    /// The id that examples of none of the labels have in the place of a label's.
    package static let negative: Int64 = -1

    /// Every label that has a name, by name.
    package func labels() async throws(StoreError) -> [StoredLabel] {
        try await read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT id, name, (SELECT count(*) FROM samples WHERE label = labels.id) AS samples
                    FROM labels WHERE name IS NOT NULL ORDER BY name
                    """
            ).map { StoredLabel(id: $0["id"], name: $0["name"], samples: $0["samples"]) }
        }
    }

    /// The name of every label that has one, by id.
    package func labelNames() async throws(StoreError) -> [Int64: String] {
        try await read { db in
            try Row.fetchAll(db, sql: "SELECT id, name FROM labels WHERE name IS NOT NULL")
                .reduce(into: [:]) { $0[$1["id"]] = $1["name"] }
        }
    }

    /// Renames a label; onto one that exists where `merge` says that the two may become one.
    ///
    /// - Returns: the samples whose label changed: none for a plain renaming, because ids stay.
    package func rename(
        label: String, to name: LabelName, merge: Bool
    ) async throws(StoreError) -> ChangeOutcome {
        try await write { db in
            guard let source = try Self.labelID(named: label, db) else { throw StoreError.unknownLabel(label) }
            guard let target = try Self.labelID(named: name.value, db), target != source else {
                try db.execute(sql: "UPDATE labels SET name = ? WHERE id = ?", arguments: [name.value, source])
                return ChangeOutcome(samples: [], staleVersions: [], lastChange: try Self.lastChange(db))
            }
            guard merge else { throw StoreError.labelExists(name.value) }
            var samples = try Self.samples(of: source, db)
            for index in samples.indices {
                samples[index].to = target
                try db.execute(
                    sql: "UPDATE samples SET label = ? WHERE id = ?", arguments: [target, samples[index].id])
                try Self.noteChange("merge", sample: samples[index].id, from: source, to: target, db)
            }
            try db.execute(
                sql: "UPDATE labels SET name = NULL, merged_into = ? WHERE id = ?", arguments: [target, source])
            return ChangeOutcome(samples: samples, staleVersions: [], lastChange: try Self.lastChange(db))
        }
    }

    /// Forgets a label and all its samples.
    package func forget(label: String) async throws(StoreError) -> ChangeOutcome {
        let outcome = try await write { db in
            guard let id = try Self.labelID(named: label, db) else { throw StoreError.unknownLabel(label) }
            let samples = try Self.samples(of: id, db)
            let stale = try Int64.fetchAll(
                db,
                sql: """
                    SELECT DISTINCT version FROM answers WHERE sample IN (SELECT id FROM samples WHERE label = ?)
                    ORDER BY version
                    """, arguments: [id])
            for sample in samples { try Self.forget(sample, db) }
            try db.execute(sql: "UPDATE labels SET name = NULL WHERE id = ?", arguments: [id])
            return ChangeOutcome(samples: samples, staleVersions: stale, lastChange: try Self.lastChange(db))
        }
        await emptyLog()
        return outcome
    }

    private static func samples(of label: Int64, _ db: Database) throws -> [ChangedSample] {
        try String.fetchAll(db, sql: "SELECT id FROM samples WHERE label = ? ORDER BY sequence", arguments: [label])
            .map { try changedSample($0, db) }
    }

    // MARK: Ids

    static func labelID(named name: String, _ db: Database) throws -> Int64? {
        try Int64.fetchOne(db, sql: "SELECT id FROM labels WHERE name = ?", arguments: [name])
    }

    /// The id of a label, which is made where it is new; ``negative`` for none.
    static func labelID(of name: LabelName?, _ db: Database) throws -> Int64 {
        guard let name else { return negative }
        if let id = try labelID(named: name.value, db) { return id }
        try db.execute(sql: "INSERT INTO labels (name) VALUES (?)", arguments: [name.value])
        return db.lastInsertedRowID
    }
}
