import Foundation
import GRDB

/// A sample as learning sees it.
package struct LearnableSample: Sendable, Equatable {
    package var sequence: Int64
    package var id: String
    package var label: Int64
    package var group: String?
    package var digest: [UInt8]
    package var features: [Int16]

    package init(
        sequence: Int64, id: String, label: Int64, group: String?, digest: [UInt8], features: [Int16]
    ) {
        self.sequence = sequence
        self.id = id
        self.label = label
        self.group = group
        self.digest = digest
        self.features = features
    }
}

extension Store {
    /// Hands every sample that had features of the backbone `fingerprint` at change `sequence` to `body`, in batches, in
    /// the order they were taught, with the labels they had then.
    ///
    /// Each batch is a transaction of its own: one long read would keep the write-ahead log from being folded into the
    /// file. Synchronous: it belongs on a thread that may wait.
    package func forEachBatch(
        fingerprint: String, upTo sequence: Int64 = .max, size: Int = 512, _ body: ([LearnableSample]) throws -> Void
    ) throws {
        var last: Int64 = 0
        while true {
            let batch = try readBatch(fingerprint: fingerprint, after: last, upTo: sequence, size: size)
            guard let end = batch.last else { return }
            try body(batch)
            last = end.sequence
        }
    }

    private func readBatch(
        fingerprint: String, after: Int64, upTo: Int64, size: Int
    ) throws(StoreError) -> [LearnableSample] {
        do {
            return try database.read { db in
                try Row.fetchAll(
                    db,
                    sql: """
                        SELECT sequence, id, group_name, digest, features,
                            -- The first change after the snapshot says from which label it went.
                            coalesce(
                                (SELECT from_label FROM changes WHERE sample = id AND changes.sequence > :upTo
                                 ORDER BY changes.sequence LIMIT 1),
                                label) AS label
                        FROM samples
                        WHERE fingerprint = (SELECT id FROM fingerprints WHERE value = :fingerprint)
                            AND sequence > :after AND coalesce(relearned, sequence) <= :upTo
                        ORDER BY sequence LIMIT :size
                        """, arguments: ["fingerprint": fingerprint, "after": after, "upTo": upTo, "size": size]
                ).map { row in
                    LearnableSample(
                        sequence: row["sequence"], id: row["id"], label: row["label"], group: row["group_name"],
                        digest: [UInt8](row["digest"] as Data), features: [Int16](littleEndian: row["features"]))
                }
            }
        } catch {
            throw StoreError(error, folder: folder)
        }
    }
}
