import Foundation
import GRDB

/// One kept sample, without its features.
package struct StoredSample: Sendable, Equatable {
    package var id: String
    package var sequence: Int64
    /// Nil for an example of none of the labels.
    package var label: String?
    package var group: String?
    package var digest: [UInt8]
    package var created: Date
    package var predicted: (label: String, probability: Float)? {
        guard let predictedLabel, let predictedProbability else { return nil }
        return (predictedLabel, predictedProbability)
    }
    private var predictedLabel: String?
    private var predictedProbability: Float?

    init(_ row: Row) {
        id = row["id"]
        sequence = row["sequence"]
        label = row["label"]
        group = row["group_name"]
        digest = [UInt8](row["digest"] as Data)
        created = Date(milliseconds: row["created"])
        predictedLabel = row["predicted"]
        predictedProbability = row["predicted_probability"]
    }
}

/// A sample whose label changed, with what statistics need to follow.
package struct ChangedSample: Sendable, Equatable {
    package var id: String
    package var from: Int64
    /// Nil where the sample was forgotten.
    package var to: Int64?
    package var fingerprint: String
    package var features: [Int16]
    /// What the active version's own top made of it; nil where there is none, or it has not seen the sample.
    package var tuned: [Int16]?

    package init(
        id: String, from: Int64, to: Int64?, fingerprint: String, features: [Int16], tuned: [Int16]? = nil
    ) {
        self.id = id
        self.from = from
        self.to = to
        self.fingerprint = fingerprint
        self.features = features
        self.tuned = tuned
    }
}

/// What a change to samples or labels came to.
package struct ChangeOutcome: Sendable {
    package var samples: [ChangedSample]
    package var staleVersions: [Int64]
    package var lastChange: Int64
}

extension Store {
    private static let columns = """
        SELECT samples.id, sequence, labels.name AS label, group_name, digest, created, predicted_probability,
            (SELECT name FROM labels WHERE id = predicted_label) AS predicted
        FROM samples JOIN labels ON labels.id = samples.label
        """

    package func sample(_ id: String) async throws(StoreError) -> StoredSample {
        let sample = try await read { db in
            try Row.fetchOne(db, sql: Self.columns + " WHERE samples.id = ?", arguments: [id]).map(StoredSample.init)
        }
        guard let sample else { throw .unknownSample(id) }
        return sample
    }

    /// Up to `limit` samples in the order they were taught, of `label` or `negative` ones where that is said, after the one
    /// whose sequence number is `after`.
    package func samples(
        label: String?, negative: Bool = false, after: Int64, limit: Int
    ) async throws(StoreError) -> [StoredSample] {
        try await read { db in
            var condition = " WHERE sequence > ?"
            var arguments: StatementArguments = [after]
            if let label {
                guard let id = try Self.labelID(named: label, db) else { throw StoreError.unknownLabel(label) }
                condition += " AND samples.label = ?"
                arguments += [id]
            } else if negative {
                condition += " AND samples.label = ?"
                arguments += [Self.negative]
            }
            return try Row.fetchAll(
                db, sql: Self.columns + condition + " ORDER BY sequence LIMIT ?", arguments: arguments + [limit]
            ).map(StoredSample.init)
        }
    }

    /// Gives the sample `id` another label, which may be new; nil makes it an example of none of them.
    package func relabel(_ id: String, as name: LabelName?) async throws(StoreError) -> ChangeOutcome {
        try await write { db in
            var sample = try Self.changedSample(id, db)
            let label = try Self.labelID(of: name, db)
            guard label != sample.from else {
                return ChangeOutcome(samples: [], staleVersions: [], lastChange: try Self.lastChange(db))
            }
            let stale = try Self.versions(knowing: id, db)
            try Self.relabel(id, from: sample.from, to: label, db)
            sample.to = label
            return ChangeOutcome(samples: [sample], staleVersions: stale, lastChange: try Self.lastChange(db))
        }
    }

    /// Removes the sample `id` and all that was made of it.
    package func forget(_ id: String) async throws(StoreError) -> ChangeOutcome {
        let outcome = try await write { db in
            let sample = try Self.changedSample(id, db)
            let stale = try Self.versions(knowing: id, db)
            try Self.forget(sample, db)
            return ChangeOutcome(samples: [sample], staleVersions: stale, lastChange: try Self.lastChange(db))
        }
        await emptyLog()
        return outcome
    }

    static func forget(_ sample: ChangedSample, as kind: String = "forget", _ db: Database) throws {
        try markStale(sample: sample.id, db)
        try db.execute(sql: "DELETE FROM samples WHERE id = ?", arguments: [sample.id])
        try noteChange(kind, sample: sample.id, from: sample.from, to: nil, db)
    }

    static func changedSample(_ id: String, _ db: Database) throws -> ChangedSample {
        guard
            let row = try Row.fetchOne(
                db,
                sql: """
                    SELECT label, features, value FROM samples JOIN fingerprints ON fingerprints.id = fingerprint
                    WHERE samples.id = ?
                    """, arguments: [id])
        else { throw StoreError.unknownSample(id) }
        return ChangedSample(
            id: id, from: row["label"], to: nil, fingerprint: row["value"],
            features: [Int16](littleEndian: row["features"]),
            tuned: try tunedFeatures(of: id, version: activeVersion(db), db))
    }

    // MARK: Versions that learned a sample

    static func versions(knowing sample: String, _ db: Database) throws -> [Int64] {
        try Int64.fetchAll(
            db, sql: "SELECT version FROM answers WHERE sample = ? ORDER BY version", arguments: [sample])
    }

    static func markStale(sample: String, _ db: Database) throws {
        try db.execute(
            sql: "UPDATE versions SET stale = 1 WHERE number IN (SELECT version FROM answers WHERE sample = ?)",
            arguments: [sample])
    }
}
