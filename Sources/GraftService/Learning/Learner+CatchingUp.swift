import GraftAPI
import GraftLearning
import GraftStore

/// What a change leaves to be done when it is on the disk and something fails on its way into the statistics.
///
/// Its client is told that it failed, and may send it again: a sample that is known by then is a duplicate. What was learned
/// is read again from the disk, which alone says what is true, before the next change, and every second until then.
extension Learner {
    /// Runs `body`, which follows a durable change; where it fails, the statistics are behind the disk.
    func following(_ body: () async throws -> Void) async throws(Problem) {
        isBehind = true
        do {
            try await storing { try await body() }
        } catch {
            catchUpLater()
            throw error
        }
        isBehind = false
    }

    /// Learns again what is on the disk, where the statistics may not contain all of it. To be called in the turn of a change.
    func catchUp() async throws(Problem) {
        guard isBehind, let vision else { return }
        let fingerprint = vision.backbone.fingerprint
        try await storing {
            let learned = try await restoreStatistics(
                fingerprint: fingerprint, featureCount: vision.backbone.featureCount)
            lastChange = try await store.lastChange()
            statistics = learned
            try readSketches(fingerprint: fingerprint)
        }
        try await readNames()
        if let top = version.top {
            _ = try await show(to: top)
            let seen = try await storing { try learned(through: top) }
            (tuned, tunedSketches) = (seen.statistics, seen.sketches)
        }
        try await storing { try await readKnown(fingerprint: fingerprint) }
        isBehind = false
        publish()
    }

    private func catchUpLater() {
        guard catchingUp == nil else { return }
        catchingUp = Task {
            while isBehind, !Task.isCancelled {
                try? await Task.sleep(for: .seconds(1))
                try? await exclusively {}
            }
            catchingUp = nil
        }
    }

    /// Tries no more.
    func stopCatchingUp() { catchingUp?.cancel() }
}
