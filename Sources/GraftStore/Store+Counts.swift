import Foundation
import GRDB

/// How much the store holds.
package struct StoreCounts: Sendable, Equatable {
    /// Samples of the backbone that was asked for.
    package var samples: Int
    /// Samples of other backbones, which do not take part.
    package var otherSamples: Int
    /// Of the last samples that were predicted before they were learned, the fraction that was right.
    package var prequentialAccuracy: Double?
    /// The size of the database and its write-ahead log.
    package var bytes: Int
}

extension Store {
    /// Over how many of the last samples prequential accuracy is taken.
    package static let prequentialWindow = 500

    package func counts(fingerprint: String?) async throws(StoreError) -> StoreCounts {
        let path = "\(folder)/graftd.sqlite"
        return try await read { db in
            let all = try Int.fetchOne(db, sql: "SELECT count(*) FROM samples") ?? 0
            let own =
                try Int.fetchOne(
                    db,
                    sql: """
                        SELECT count(*) FROM samples
                        WHERE fingerprint = (SELECT id FROM fingerprints WHERE value = ?)
                        """, arguments: [fingerprint]) ?? 0
            let accuracy = try Double.fetchOne(
                db,
                sql: """
                    SELECT avg(predicted_right) FROM
                        (SELECT predicted_right FROM samples WHERE predicted_right IS NOT NULL
                         ORDER BY sequence DESC LIMIT ?)
                    """, arguments: [Self.prequentialWindow])
            let bytes = [path, path + "-wal"].reduce(0) { sum, file in
                sum + (((try? FileManager.default.attributesOfItem(atPath: file))?[.size] as? Int) ?? 0)
            }
            return StoreCounts(samples: own, otherSamples: all - own, prequentialAccuracy: accuracy, bytes: bytes)
        }
    }
}
