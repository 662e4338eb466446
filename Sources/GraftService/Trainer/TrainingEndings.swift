import GraftAPI
import Synchronization

/// How training jobs ended since the start, and how long they took.
package final class TrainingEndings: Sendable {
    private let histograms: Mutex<[TrainJobState: Histogram]>

    init() {
        // Every outcome from the start: a counter that appears with its first event has no rise to show.
        let outcomes: [TrainJobState] = [.published, .rejected, .failed, .cancelled]
        histograms = Mutex(
            Dictionary(uniqueKeysWithValues: outcomes.map { ($0, Histogram(bounds: Histogram.jobBounds)) }))
    }

    func note(_ job: TrainJob) { histograms.withLock { $0[job.state]?.add(job.seconds) } }

    /// By how they ended.
    package var durations: [TrainJobState: Histogram] { histograms.withLock { $0 } }
}
