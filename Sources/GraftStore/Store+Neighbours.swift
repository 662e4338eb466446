import Foundation
import GRDB

/// A sample as the search for near-duplicates sees it.
package struct SketchedSample: Sendable, Equatable {
    package var id: String
    package var label: Int64
    /// Whether it is nearly a copy of an earlier one.
    package var isNearDuplicate: Bool
    /// Nil where there is none yet; then there are `features`.
    package var sketch: [UInt8]?
    package var features: [Int16]?

    package init(id: String, label: Int64, isNearDuplicate: Bool, sketch: [UInt8]?, features: [Int16]?) {
        self.id = id
        self.label = label
        self.isNearDuplicate = isNearDuplicate
        self.sketch = sketch
        self.features = features
    }
}

extension Store {
    /// The sketch of every sample of the backbone `fingerprint`, a part of them at a time; synchronous.
    package func forEachSketch(fingerprint: String, size: Int = 512, _ body: ([SketchedSample]) -> Void) throws {
        var last: Int64 = 0
        while true {
            let rows = try readNow { [last] db in
                try Row.fetchAll(
                    db,
                    sql: """
                        SELECT sequence, id, label, cluster IS NOT NULL AS is_near, sketch,
                            CASE WHEN sketch IS NULL THEN features END AS features
                        FROM samples
                        WHERE fingerprint = (SELECT id FROM fingerprints WHERE value = ?) AND sequence > ?
                        ORDER BY sequence LIMIT ?
                        """, arguments: [fingerprint, last, size])
            }
            guard let end = rows.last else { return }
            body(
                rows.map { row in
                    SketchedSample(
                        id: row["id"], label: row["label"], isNearDuplicate: row["is_near"],
                        sketch: (row["sketch"] as Data?).map { [UInt8]($0) },
                        features: (row["features"] as Data?).map { [Int16](littleEndian: $0) })
                })
            last = end["sequence"]
        }
    }

    /// Those of the samples `ids` that there are, as learning sees them.
    package func learnableSamples(_ ids: [String]) async throws(StoreError) -> [LearnableSample] {
        guard !ids.isEmpty else { return [] }
        return try await read { db in
            let places = Array(repeating: "?", count: ids.count).joined(separator: ", ")
            return try Self.learnable(
                "id IN (\(places)) ORDER BY sequence", arguments: StatementArguments(ids), db)
        }
    }

    /// Up to `limit` samples of the backbone `fingerprint` that have a label: those with the lowest digests, which is as good
    /// as drawn by lot, and the same whatever else was taught and forgotten. Near-duplicates of earlier ones are left out.
    ///
    /// - Parameter version: Whose own top has made the features; nil for those by the backbone as it came.
    package func drawnSamples(
        fingerprint: String, version: Int64? = nil, limit: Int
    ) async throws(StoreError) -> [LearnableSample] {
        try await read { db in
            if let version { return try Self.drawnSamples(seenBy: version, fingerprint: fingerprint, limit: limit, db) }
            return try Self.learnable(
                """
                fingerprint = (SELECT id FROM fingerprints WHERE value = ?) AND label <> \(Self.negative)
                    AND cluster IS NULL
                ORDER BY digest LIMIT ?
                """, arguments: [fingerprint, limit], db)
        }
    }

    private static func drawnSamples(
        seenBy version: Int64, fingerprint: String, limit: Int, _ db: Database
    ) throws -> [LearnableSample] {
        try Row.fetchAll(
            db,
            sql: """
                SELECT sequence, samples.id AS id, label, group_name, cluster, digest, tuned_features.features AS features
                FROM samples JOIN tuned_features ON tuned_features.sample = samples.id AND version = ?
                WHERE fingerprint = (SELECT id FROM fingerprints WHERE value = ?) AND label <> \(Self.negative)
                    AND cluster IS NULL
                ORDER BY digest LIMIT ?
                """, arguments: [version, fingerprint, limit]
        ).map(Self.learnable)
    }

    private static func learnable(
        _ condition: String, arguments: StatementArguments, _ db: Database
    ) throws -> [LearnableSample] {
        try Row.fetchAll(
            db,
            sql: "SELECT sequence, id, label, group_name, cluster, digest, features FROM samples WHERE " + condition,
            arguments: arguments
        ).map(Self.learnable)
    }

    private static func learnable(_ row: Row) -> LearnableSample {
        LearnableSample(
            sequence: row["sequence"], id: row["id"], label: row["label"], group: row["group_name"],
            cluster: row["cluster"], digest: [UInt8](row["digest"] as Data),
            features: [Int16](littleEndian: row["features"]))
    }
}
