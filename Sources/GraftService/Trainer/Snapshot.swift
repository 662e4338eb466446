import GraftCheckpoint
import GraftLearning
import GraftStore

/// The samples that a job learns from, as they were at one change.
struct Snapshot: Sendable {
    private(set) var set: TrainingSet
    /// The ids, by position.
    private(set) var samples: [String] = []
    /// What each shares its fold with, by position.
    private(set) var groups: [String] = []
    /// The sequence numbers, by position; ascending.
    private(set) var sequences: [Int64] = []

    init(_ store: Store, fingerprint: String, featureCount: Int, upTo change: Int64) throws {
        set = TrainingSet(featureCount: featureCount)
        set.reserveCapacity(try store.sampleCount(fingerprint: fingerprint))
        try store.forEachBatch(fingerprint: fingerprint, upTo: change) { batch in
            for sample in batch {
                let group = sample.foldName
                set.append(
                    RootFeatures(values: sample.features), label: sample.label, fold: Folds.fold(ofGroup: group))
                samples.append(sample.id)
                groups.append(group)
                sequences.append(sample.sequence)
            }
        }
    }
}
