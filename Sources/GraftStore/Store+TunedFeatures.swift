import Foundation
import GRDB

/// What a version's own top made of a sample.
package struct TunedSample: Sendable, Equatable {
    package var id: String
    package var features: [Int16]

    package init(id: String, features: [Int16]) {
        self.id = id
        self.features = features
    }
}

/// What tuned tops made of samples: statistics of their features belong to one top, and follow every change exactly only
/// where the features themselves are kept.
extension Store {
    /// Keeps what the top of version `version` made of `samples`. Samples that were forgotten, or moved to another backbone,
    /// meanwhile are passed over, and so are those that have such features.
    ///
    /// - Returns: those that were kept, with the labels that they have now.
    package func keep(_ samples: [TunedSample], of version: Int64) async throws(StoreError) -> [RelearnedSample] {
        try await write { db in
            try samples.compactMap { sample in
                guard let kept = try Self.keep(sample.features, of: sample.id, version: version, db) else {
                    return nil
                }
                return RelearnedSample(
                    id: sample.id, label: kept.label, isNearDuplicate: kept.isNearDuplicate, features: sample.features)
            }
        }
    }

    /// - Returns: the label of the sample, and whether it is nearly a copy; nil where nothing was kept.
    static func keep(
        _ features: [Int16], of sample: String, version: Int64, _ db: Database
    ) throws -> (label: Int64, isNearDuplicate: Bool)? {
        let row = try Row.fetchOne(
            db,
            sql: """
                SELECT label, cluster IS NOT NULL AS is_near
                FROM samples JOIN fingerprints ON fingerprints.id = samples.fingerprint
                WHERE samples.id = ? AND value = (SELECT fingerprint FROM versions WHERE number = ?)
                """, arguments: [sample, version])
        guard let row else { return nil }
        try db.execute(
            sql: "INSERT OR IGNORE INTO tuned_features (version, sample, features) VALUES (?, ?, ?)",
            arguments: [version, sample, features.littleEndianBytes])
        return db.changesCount > 0 ? (row["label"], row["is_near"]) : nil
    }

    /// What the top of version `version` made of the sample `id`; nil where it has not seen it.
    static func tunedFeatures(of id: String, version: Int64, _ db: Database) throws -> [Int16]? {
        try Data.fetchOne(
            db, sql: "SELECT features FROM tuned_features WHERE version = ? AND sample = ?", arguments: [version, id]
        ).map([Int16].init(littleEndian:))
    }

    /// Hands all that the top of version `version` made of samples to `body`, in batches, with the labels these have now.
    ///
    /// Each batch is a transaction of its own. Synchronous: it belongs on a thread that may wait.
    package func forEachTunedBatch(
        version: Int64, size: Int = 512, _ body: ([RelearnedSample]) throws -> Void
    ) throws {
        var last: Int64 = 0
        while true {
            let rows = try readTunedBatch(version: version, after: last, size: size)
            guard let end = rows.last else { return }
            try body(rows.map(\.sample))
            last = end.row
        }
    }

    private func readTunedBatch(
        version: Int64, after: Int64, size: Int
    ) throws(StoreError) -> [(row: Int64, sample: RelearnedSample)] {
        do {
            return try database.read { db in
                try Row.fetchAll(
                    db,
                    sql: """
                        SELECT tuned_features.id AS number, sample, label, cluster IS NOT NULL AS is_near,
                            tuned_features.features AS features
                        FROM tuned_features JOIN samples ON samples.id = sample
                        WHERE version = ? AND tuned_features.id > ? ORDER BY tuned_features.id LIMIT ?
                        """, arguments: [version, after, size]
                ).map {
                    (
                        $0["number"],
                        RelearnedSample(
                            id: $0["sample"], label: $0["label"], isNearDuplicate: $0["is_near"],
                            features: [Int16](littleEndian: $0["features"]))
                    )
                }
            }
        } catch {
            throw StoreError(error, folder: folder)
        }
    }

    /// Forgets what the tops of all but the versions `kept` made of samples: it can be made again from latents.
    package func dropTunedFeatures(except kept: [Int64]) async throws(StoreError) {
        try await write { db in
            let known = try Int64.fetchAll(db, sql: "SELECT DISTINCT version FROM tuned_features")
            for version in known where !kept.contains(version) {
                try db.execute(sql: "DELETE FROM tuned_features WHERE version = ?", arguments: [version])
            }
        }
    }
}

/// A sample that a version's own top has not seen.
package struct UnseenSample: Sendable, Equatable {
    package var sequence: Int64
    package var id: String
    package var latent: KeptLatent

    package init(sequence: Int64, id: String, latent: KeptLatent) {
        self.sequence = sequence
        self.id = id
        self.latent = latent
    }
}

extension Store {
    /// Up to `limit` samples, of those with a latent before the block `cut` and a higher sequence number than `after`, that
    /// the top of version `version` has not seen, in their order.
    package func samplesUnseen(
        byVersion version: Int64, cut: String, after: Int64, limit: Int
    ) async throws(StoreError) -> [UnseenSample] {
        try await read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT sequence, samples.id AS id, format, height, width, channels, bytes
                    FROM latents JOIN samples ON samples.sequence = latents.sample
                    WHERE cut = ? AND latents.sample > ?
                        AND fingerprint = (SELECT id FROM fingerprints
                            WHERE value = (SELECT fingerprint FROM versions WHERE number = ?))
                        AND NOT EXISTS
                            (SELECT 1 FROM tuned_features WHERE tuned_features.sample = samples.id AND version = ?)
                    ORDER BY latents.sample LIMIT ?
                    """, arguments: [cut, after, version, version, limit]
            ).map { UnseenSample(sequence: $0["sequence"], id: $0["id"], latent: KeptLatent(cut: cut, $0)) }
        }
    }
}
