import GraftAPI
import GraftLearning

/// When the daemon trains by itself, and what watches over a version afterwards.
extension GraftService {
    /// Starts the job that `request` describes if one is due, and says what that was decided from.
    package func trainIfDue(_ request: TrainRequest) async throws(Problem) -> TrainIfDue {
        try await scheduler.startIfDue(request).answer
    }

    /// The version in shadow of the one that answers; nil where there is none.
    func shadowRecord() async -> ShadowRecord? {
        guard let shadow = live.current.shadow, let samples = try? await store.shadowedSamples() else { return nil }
        return ShadowRecord(version: Int(shadow.version), samples: samples.count, needed: ShadowTest().minimum)
    }
}
