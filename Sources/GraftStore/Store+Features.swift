import Foundation
import GRDB

/// A sample as learning sees it.
package struct LearnableSample: Sendable, Equatable {
    package var sequence: Int64
    package var id: String
    package var label: Int64
    package var group: String?
    /// What it is held out with where it has no group.
    package var cluster: String?
    package var digest: [UInt8]
    package var features: [Int16]

    package init(
        sequence: Int64, id: String, label: Int64, group: String?, cluster: String? = nil, digest: [UInt8],
        features: [Int16]
    ) {
        self.sequence = sequence
        self.id = id
        self.label = label
        self.group = group
        self.cluster = cluster
        self.digest = digest
        self.features = features
    }
}

extension LearnableSample {
    /// What it shares a fold with: the caller's group, else the sample that it is nearly a copy of, else itself alone.
    package var foldName: String { foldNameOf(group: group, cluster: cluster, digest: digest) }
}

extension NewSample {
    /// See ``LearnableSample/foldName``.
    package var foldName: String { foldNameOf(group: group, cluster: cluster, digest: digest) }
}

private func foldNameOf(group: String?, cluster: String?, digest: [UInt8]) -> String {
    group ?? cluster ?? digest.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
}

extension Store {
    /// Hands every sample that had features of the backbone `fingerprint` at change `sequence` to `body`, in batches, in
    /// the order they were taught, with the labels they had then. Examples of none of the labels are left out unless
    /// `negatives` are asked for.
    ///
    /// Each batch is a transaction of its own: one long read would keep the write-ahead log from being folded into the
    /// file. Synchronous: it belongs on a thread that may wait.
    package func forEachBatch(
        fingerprint: String, upTo sequence: Int64 = .max, negatives: Bool = false, size: Int = 512,
        _ body: ([LearnableSample]) throws -> Void
    ) throws {
        var last: Int64 = 0
        while true {
            let batch = try readBatch(fingerprint: fingerprint, after: last, upTo: sequence, size: size)
            guard let end = batch.last else { return }
            let learnable = negatives ? batch : batch.filter { $0.label != Self.negative }
            if !learnable.isEmpty { try body(learnable) }
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
                        SELECT sequence, id, group_name, cluster, digest, features,
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
                        cluster: row["cluster"], digest: [UInt8](row["digest"] as Data),
                        features: [Int16](littleEndian: row["features"]))
                }
            }
        } catch {
            throw StoreError(error, folder: folder)
        }
    }
}
