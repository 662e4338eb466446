import Foundation
import GRDB

/// What was learned of a backbone's samples, as it was saved.
package struct SavedStatistics: Sendable, Equatable {
    /// The last change that it contains.
    package var change: Int64
    /// What makes damage visible: whoever saves it chooses how.
    package var digest: [UInt8]
    package var bytes: [UInt8]

    package init(change: Int64, digest: [UInt8], bytes: [UInt8]) {
        self.change = change
        self.digest = digest
        self.bytes = bytes
    }
}

/// A sample that changed after statistics were saved.
package struct LaterSample: Sendable, Equatable {
    /// Its label in the saved statistics; nil where they do not contain the sample.
    package var before: Int64?
    /// Its label now.
    package var label: Int64
    package var features: [Int16]

    package init(before: Int64?, label: Int64, features: [Int16]) {
        self.before = before
        self.label = label
        self.features = features
    }
}

/// A summary of samples, so that a start reads only those that changed since.
///
/// It is in the same file as the samples: no backup, restore or copy can part the two. When a sample that it contains is
/// forgotten, or moves to another backbone, it goes with the same transaction, because the sample's features, which would
/// have to be taken out of it, are gone then.
extension Store {
    /// What was saved for the backbone `fingerprint`, if it still stands.
    package func savedStatistics(fingerprint: String) async throws(StoreError) -> SavedStatistics? {
        try await read { try Self.savedStatistics(fingerprint: fingerprint, $0) }
    }

    /// The same. Synchronous: for the doctor.
    package func savedStatisticsNow(fingerprint: String) throws(StoreError) -> SavedStatistics? {
        do {
            return try database.read { try Self.savedStatistics(fingerprint: fingerprint, $0) }
        } catch {
            throw StoreError(error, folder: folder)
        }
    }

    private static func savedStatistics(fingerprint: String, _ db: Database) throws -> SavedStatistics? {
        try Row.fetchOne(
            db,
            sql: """
                SELECT change, digest, bytes FROM statistics
                WHERE fingerprint = (SELECT id FROM fingerprints WHERE value = ?)
                """, arguments: [fingerprint]
        ).map {
            SavedStatistics(
                change: $0["change"], digest: [UInt8]($0["digest"] as Data), bytes: [UInt8]($0["bytes"] as Data))
        }
    }

    /// Forgets what was saved for the backbone `fingerprint`: it is learned again from the samples.
    package func dropStatistics(fingerprint: String) async throws(StoreError) {
        try await write { db in
            try db.execute(
                sql: "DELETE FROM statistics WHERE fingerprint = (SELECT id FROM fingerprints WHERE value = ?)",
                arguments: [fingerprint])
        }
    }

    /// Saves `statistics` for the backbone `fingerprint`, in place of what was saved before.
    package func save(_ statistics: SavedStatistics, fingerprint: String) async throws(StoreError) {
        try await write { db in
            let fingerprint = try Self.fingerprintID(fingerprint, db)
            // Of a thousand labels these are 17 MB, of which SQLite makes a copy of its own.
            try statistics.bytes.withUnsafeBytes { bytes in
                let lent = bytes.baseAddress.map {
                    Data(bytesNoCopy: UnsafeMutableRawPointer(mutating: $0), count: bytes.count, deallocator: .none)
                }
                try db.execute(
                    sql: "INSERT OR REPLACE INTO statistics (fingerprint, change, digest, bytes) VALUES (?, ?, ?, ?)",
                    arguments: [fingerprint, statistics.change, Data(statistics.digest), lent ?? Data()])
            }
        }
    }

    /// Hands every sample of the backbone `fingerprint` that changed after `change` to `body`, in batches.
    ///
    /// Synchronous: it belongs on a thread that may wait.
    ///
    /// - Precondition: no sample that was there at `change` has been forgotten or moved to another backbone since; what
    ///   ``savedStatistics(fingerprint:)`` gives fulfils that.
    package func forEachLaterSample(
        fingerprint: String, after change: Int64, size: Int = 512, _ body: ([LaterSample]) throws -> Void
    ) throws {
        var last: Int64 = 0
        while true {
            let batch = try readLater(fingerprint: fingerprint, after: change, beyond: last, size: size)
            guard let end = batch.last else { return }
            try body(batch.map(\.sample))
            last = end.sequence
        }
    }

    private func readLater(
        fingerprint: String, after change: Int64, beyond sequence: Int64, size: Int
    ) throws(StoreError) -> [(sequence: Int64, sample: LaterSample)] {
        do {
            return try database.read { db in
                try Row.fetchAll(
                    db,
                    sql: """
                        SELECT sequence, features, label, coalesce(relearned, sequence) > :change AS is_new,
                            (SELECT from_label FROM changes WHERE sample = id AND changes.sequence > :change
                             ORDER BY changes.sequence LIMIT 1) AS before
                        FROM samples
                        WHERE fingerprint = (SELECT id FROM fingerprints WHERE value = :fingerprint)
                            AND sequence > :sequence AND id IN (SELECT sample FROM changes WHERE sequence > :change)
                        ORDER BY sequence LIMIT :size
                        """,
                    arguments: ["fingerprint": fingerprint, "change": change, "sequence": sequence, "size": size]
                ).map { row in
                    let label: Int64 = row["label"]
                    let before: Int64? = row["is_new"] ? nil : row["before"] ?? label
                    return (
                        row["sequence"],
                        LaterSample(before: before, label: label, features: [Int16](littleEndian: row["features"]))
                    )
                }
            }
        } catch {
            throw StoreError(error, folder: folder)
        }
    }

    /// How many samples have features of the backbone `fingerprint`. Synchronous, as the above.
    package func sampleCount(fingerprint: String) throws(StoreError) -> Int {
        do {
            return try database.read { db in
                try Int.fetchOne(
                    db,
                    sql: """
                        SELECT count(*) FROM samples
                        WHERE fingerprint = (SELECT id FROM fingerprints WHERE value = ?)
                        """, arguments: [fingerprint]) ?? 0
            }
        } catch {
            throw StoreError(error, folder: folder)
        }
    }
}
