import Foundation
import GRDB

/// A sample's label, and what was said of it by a model that had not learned it.
package struct JudgedSample: Sendable, Equatable {
    package var label: Int64
    package var answered: Int64
    /// Of the answer.
    package var probability: Float

    package init(label: Int64, answered: Int64, probability: Float) {
        self.label = label
        self.answered = answered
        self.probability = probability
    }
}

extension Store {
    /// What ``prequential(last:)`` asks for; its argument is the limit.
    package static let lastPredicted = """
        SELECT label, predicted_label AS answered, predicted_probability AS probability FROM samples
        WHERE predicted_right IS NOT NULL AND label <> \(negative) ORDER BY sequence DESC LIMIT ?
        """

    /// The last `limit` samples that were predicted before they were learned, oldest first, by the labels they have now.
    package func prequential(last limit: Int) async throws(StoreError) -> [JudgedSample] {
        try await read { db in
            try Row.fetchAll(db, sql: Self.lastPredicted, arguments: [limit])
                .map(JudgedSample.init).reversed().followingMerges(db)
        }
    }

    /// What version `number` said, out of fold, of the samples that it was trained on and that are still there, by the
    /// labels they have now.
    package func judged(by number: Int64) async throws(StoreError) -> [JudgedSample] {
        try await read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT samples.label AS label, answers.label AS answered, probability
                    FROM answers JOIN samples ON samples.id = sample
                    WHERE version = ? AND samples.label <> \(Self.negative) ORDER BY samples.sequence
                    """, arguments: [number]
            ).map(JudgedSample.init).followingMerges(db)
        }
    }
}

extension [JudgedSample] {
    /// The same with each answer that names a label merged away as one that names the label it went into.
    fileprivate func followingMerges(_ db: Database) throws -> [JudgedSample] {
        let merged = try Row.fetchAll(db, sql: "SELECT id, merged_into FROM labels WHERE merged_into IS NOT NULL")
            .reduce(into: [Int64: Int64]()) { $0[$1["id"]] = $1["merged_into"] }
        return map { sample in
            var sample = sample
            // Ids only ever go from one label to another that lives at that time, so this ends.
            while let target = merged[sample.answered] { sample.answered = target }
            return sample
        }
    }
}

extension JudgedSample {
    fileprivate init(_ row: Row) {
        self.init(label: row["label"], answered: row["answered"], probability: row["probability"])
    }
}
