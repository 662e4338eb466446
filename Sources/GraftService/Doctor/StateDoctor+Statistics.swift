import GraftAPI
import GraftCheckpoint
import GraftLearning
import GraftStore

/// Whether what was learned, as it was saved, is the sum over the samples.
extension StateDoctor {
    func statistics(_ database: DatabaseExamination) -> Finding {
        do {
            let store = try Store(folder: state, access: .reader)
            defer { try? store.close() }
            var compared = 0
            for fingerprint in database.samples.keys.sorted() {
                guard let saved = try store.savedStatisticsNow(fingerprint: fingerprint) else { continue }
                compared += 1
                if let difference = try difference(saved, fingerprint: fingerprint, store) {
                    // The daemon may have saved others meanwhile, or forgotten a sample.
                    guard try store.savedStatisticsNow(fingerprint: fingerprint) == saved else { continue }
                    return Finding(
                        "statistics", .problem, "what was learned does not equal the samples: \(difference)",
                        remedy: Self.repairHint + ", which learns it again")
                }
            }
            return Finding(
                "statistics", .good,
                compared == 0 ? "none are saved: a start learns them from the samples" : "they equal the samples")
        } catch {
            return Finding("statistics", .problem, "the samples cannot be read: \(error)", remedy: Self.repairHint)
        }
    }

    /// How `saved` differs from the sums over the samples as they were then; nil where it does not.
    private func difference(_ saved: SavedStatistics, fingerprint: String, _ store: Store) throws -> String? {
        guard sha256(of: saved.bytes).bytes == saved.digest else { return "their digest is another one" }
        let decoded: LabelStatistics
        do {
            decoded = try LabelStatistics(decoding: saved.bytes)
        } catch {
            return "\(error)"
        }
        let learned = try Self.learned(
            fingerprint: fingerprint, featureCount: decoded.featureCount, upTo: saved.change, store)
        guard learned.count == decoded.count else {
            return "they are of \(decoded.count) samples, and there were \(learned.count)"
        }
        return learned == decoded ? nil : "their sums are others"
    }

    /// The sums over the samples of the backbone `fingerprint` as they were at `change`.
    static func learned(
        fingerprint: String, featureCount: Int, upTo change: Int64 = .max, _ store: Store
    ) throws -> LabelStatistics {
        var statistics = LabelStatistics(featureCount: featureCount)
        try store.forEachBatch(fingerprint: fingerprint, upTo: change, negatives: true) { batch in
            let rows = FeatureRows(featureCount: featureCount, values: batch.flatMap(\.features))
            try statistics.add(rows, labels: batch.map(\.label))
        }
        return statistics
    }
}
