import Foundation
import GRDB

/// How much the store holds.
package struct StoreCounts: Sendable, Equatable {
    /// Samples of the backbone that was asked for, with a label.
    package var samples: Int
    /// Examples of none of the labels.
    package var negatives: Int
    /// Of these, how many were taught under another backbone first.
    package var relearned: Int
    /// Samples of other backbones, which do not take part, by their backbone.
    package var others: [OtherBackboneCounts]
    package var images: ImageCounts
    package var latents: LatentCounts
    /// Of the last samples that were predicted before they were learned, the fraction that was right.
    package var prequentialAccuracy: Double?
    /// The size of the database and its write-ahead log.
    package var bytes: Int

    package var otherSamples: Int { others.reduce(0) { $0 + $1.samples } }
    /// Samples of other backbones with an image that can be extracted again.
    package var waiting: Int { others.reduce(0) { $0 + $1.waiting } }
    /// Samples of other backbones with an image that could not be read.
    package var unreadable: Int { others.reduce(0) { $0 + $1.unreadable } }
}

/// Samples of a backbone that is not the one that was asked for.
package struct OtherBackboneCounts: Sendable, Equatable {
    package var fingerprint: String
    /// The name that the backbone was last loaded under; nil for one from before names were noted.
    package var name: String?
    package var samples: Int
    /// Of these, with an image that can be extracted again.
    package var waiting: Int
    /// Of these, with an image that could not be read.
    package var unreadable: Int

    package init(fingerprint: String, name: String?, samples: Int, waiting: Int, unreadable: Int) {
        self.fingerprint = fingerprint
        self.name = name
        self.samples = samples
        self.waiting = waiting
        self.unreadable = unreadable
    }
}

extension Store {
    /// Over how many of the last samples prequential accuracy is taken.
    package static let prequentialWindow = 500

    /// The query of ``StoreCounts/prequentialAccuracy``; its argument is the number of samples.
    package static let lastAccuracy = """
        SELECT avg(predicted_right) FROM
            (SELECT predicted_right FROM samples WHERE predicted_right IS NOT NULL ORDER BY sequence DESC LIMIT ?)
        """

    package func counts(fingerprint: String?) async throws(StoreError) -> StoreCounts {
        let path = "\(folder)/graftd.sqlite"
        return try await read { db in
            let id = try Int64.fetchOne(
                db, sql: "SELECT id FROM fingerprints WHERE value = ?", arguments: [fingerprint])
            func count(_ condition: String) throws -> Int {
                try Int.fetchOne(
                    db, sql: "SELECT count(*) FROM samples WHERE fingerprint = ?" + condition, arguments: [id]) ?? 0
            }
            let accuracy = try Double.fetchOne(db, sql: Self.lastAccuracy, arguments: [Self.prequentialWindow])
            let bytes = [path, path + "-wal"].reduce(0) { sum, file in
                sum + (((try? FileManager.default.attributesOfItem(atPath: file))?[.size] as? Int) ?? 0)
            }
            // The plus keeps SQLite to the index by label: the one by backbone would read the row of every sample.
            let negatives =
                try Int.fetchOne(
                    db, sql: "SELECT count(*) FROM samples WHERE label = ? AND +fingerprint = ?",
                    arguments: [Self.negative, id]) ?? 0
            return StoreCounts(
                samples: try count("") - negatives, negatives: negatives,
                relearned: try count(" AND relearned IS NOT NULL"),
                others: try Self.otherBackbones(than: id, db), images: try Self.imageCounts(db),
                latents: try Self.latentCounts(db), prequentialAccuracy: accuracy, bytes: bytes)
        }
    }

    private static func otherBackbones(than id: Int64?, _ db: Database) throws -> [OtherBackboneCounts] {
        try Row.fetchAll(
            db,
            sql: """
                SELECT value, name, count(*) AS samples,
                    sum(EXISTS (SELECT 1 FROM images WHERE sample = samples.id)) AS images,
                    sum(EXISTS (SELECT 1 FROM images WHERE sample = samples.id AND unreadable)) AS unreadable
                FROM samples JOIN fingerprints ON fingerprints.id = samples.fingerprint
                WHERE samples.fingerprint IN (SELECT id FROM fingerprints WHERE id IS NOT ?)
                GROUP BY fingerprints.id ORDER BY fingerprints.id
                """, arguments: [id]
        ).map { row in
            let unreadable: Int = row["unreadable"]
            return OtherBackboneCounts(
                fingerprint: row["value"], name: row["name"], samples: row["samples"],
                waiting: row["images"] - unreadable, unreadable: unreadable)
        }
    }

    /// How many samples have features of each backbone, by fingerprint.
    package func samplesByBackbone() async throws(StoreError) -> [String: Int] {
        try await read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT value, (SELECT count(*) FROM samples WHERE fingerprint = fingerprints.id) AS samples
                    FROM fingerprints
                    """
            ).reduce(into: [:]) { $0[$1["value"]] = $1["samples"] }
        }
    }
}
