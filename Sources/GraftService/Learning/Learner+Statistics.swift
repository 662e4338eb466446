import GraftAPI
import GraftCheckpoint
import GraftLearning
import GraftStore

/// Saving what was learned, so that a start reads only the samples that changed since.
///
/// A save may be as old as it likes: what came later is learned again. So a kill loses nothing, and a save that fails
/// costs only the next start some time.
extension Learner {
    /// How many changes may be learned again by a start, unless there was no time to save: a save writes some megabytes.
    private static let savedEvery: Int64 = 1_000

    /// What was learned of the samples of the backbone `fingerprint`: what was saved and what came later, else all of it
    /// anew.
    func restoreStatistics(fingerprint: String, featureCount: Int) async throws -> LabelStatistics {
        savedChange = nil
        nextSave = Self.savedEvery
        if let saved = try await store.savedStatistics(fingerprint: fingerprint) {
            do {
                let statistics = try await resume(saved, fingerprint: fingerprint, featureCount: featureCount)
                savedChange = saved.change
                nextSave = saved.change + Self.savedEvery
                return statistics
            } catch let error as StatisticsError {
                logger.warning("\(error), which happens now")
            }
        }
        var statistics = LabelStatistics(featureCount: featureCount)
        try store.forEachBatch(fingerprint: fingerprint) { batch in
            let rows = FeatureRows(featureCount: featureCount, values: batch.flatMap(\.features))
            try statistics.add(rows, labels: batch.map(\.label))
        }
        return statistics
    }

    /// - Throws: `StatisticsError` where what was saved is damaged or does not fit the samples.
    private func resume(
        _ saved: SavedStatistics, fingerprint: String, featureCount: Int
    ) async throws -> LabelStatistics {
        guard sha256(of: saved.bytes).bytes == saved.digest else {
            throw StatisticsError.malformed(detail: "their digest is another one")
        }
        var statistics = try LabelStatistics(decoding: saved.bytes)
        guard statistics.featureCount == featureCount else {
            throw StatisticsError.malformed(
                detail: "they are of \(statistics.featureCount) features, expected \(featureCount)")
        }
        try store.forEachLaterSample(fingerprint: fingerprint, after: saved.change) { batch in
            for sample in batch {
                let features = RootFeatures(values: sample.features)
                guard let before = sample.before else {
                    try statistics.add(features, label: sample.label)
                    continue
                }
                guard statistics.labels[before] != nil else {
                    throw StatisticsError.malformed(detail: "they lack label \(before)")
                }
                statistics.relabel(features, from: before, to: sample.label)
            }
        }
        let expected = try store.sampleCount(fingerprint: fingerprint)
        guard statistics.count == expected else {
            throw StatisticsError.malformed(
                detail: "with what came later they are of \(statistics.count) samples, expected \(expected)")
        }
        return statistics
    }

    /// Saves soon, where many changes came since the last time; whoever made the last of them does not wait for it.
    func saveStatisticsIfDue() {
        guard lastChange >= nextSave else { return }
        // Due again only after as many changes more, whatever becomes of this one.
        nextSave = lastChange + Self.savedEvery
        Task { await saveStatistics() }
    }

    /// Saves what is not saved yet.
    func saveStatistics() async {
        // It cannot fail: what fails is said here.
        try? await exclusively { () async throws(Problem) in
            guard let fingerprint = live.current.vision?.backbone.fingerprint, statistics.count > 0,
                savedChange != lastChange
            else { return }
            let change = lastChange
            let bytes = statistics.encoded()
            do {
                try await store.save(
                    SavedStatistics(change: change, digest: sha256(of: bytes).bytes, bytes: bytes),
                    fingerprint: fingerprint)
                savedChange = change
                saidThatStatisticsCannotBeSaved = false
            } catch {
                guard !saidThatStatisticsCannotBeSaved else { return }
                saidThatStatisticsCannotBeSaved = true
                logger.warning("what was learned cannot be saved for now, so the next start takes longer: \(error)")
            }
        }
    }
}
