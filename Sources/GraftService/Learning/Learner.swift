import Foundation
import GraftAPI
import GraftCheckpoint
import GraftLearning
import GraftStore
import Logging

/// The one place where what has been learned changes: disk, statistics and live model, in that order.
///
/// Its jobs run on a thread of their own, because a solve takes milliseconds.
actor Learner {
    let configuration: Configuration
    let store: Store
    let live: LiveModelBox
    let events: EventHub
    let timings: ServiceTimings
    let logger: Logger

    /// Exact sums over every sample of the loaded backbone.
    var statistics = LabelStatistics(featureCount: 0)
    /// Label names by id.
    var names: [Int64: String] = [:]
    /// The last change that `statistics` contains.
    var lastChange: Int64 = 0
    /// What answers; version 0 has no head.
    var version = ActiveVersion.none
    private var vision: Vision?

    private var changes = ChangeQueue()
    /// Taught samples that wait to share one transaction and one solve.
    private var pending: [PendingTeaching] = []

    private let executor = SerialThreadExecutor(name: "learner")
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    init(
        configuration: Configuration, store: Store, live: LiveModelBox, events: EventHub, timings: ServiceTimings,
        logger: Logger
    ) {
        self.configuration = configuration
        self.store = store
        self.live = live
        self.events = events
        self.timings = timings
        self.logger = logger
    }

    /// Runs `change` when no other change runs; see ``ChangeQueue``.
    func exclusively<R: Sendable>(_ change: () async throws(Problem) -> R) async throws(Problem) -> R {
        if !changes.tryEnter() {
            await withCheckedContinuation { changes.wait($0) }
        }
        defer { changes.leave() }
        return try await change()
    }

    /// Solves the analytic head again and lets the result answer.
    func publish() {
        let head = timings.refit.measure {
            statistics.labelCount == 0
                ? nil
                : AnalyticHead(
                    statistics, shrinkage: version.calibration.shrinkage, temperature: version.calibration.temperature)
        }
        live.swap(
            to: LiveModel(
                reference: reference, vision: vision, names: names, analytic: head, head: version.head))
    }

    /// The version and revision of what has been learned up to now.
    var reference: ModelReference {
        ModelReference(version: Int(version.number), revision: Int(lastChange - version.snapshotChange))
    }

    // MARK: Backbones

    /// Learns again, from the store, what was taught under this backbone, and lets it answer.
    func adopt(_ vision: Vision) async throws(Problem) {
        try await exclusively { () throws(Problem) in
            do {
                let fingerprint = vision.backbone.fingerprint
                var learned = LabelStatistics(featureCount: vision.backbone.featureCount)
                let last = try await store.loadFeatures(fingerprint: fingerprint) { batch in
                    learned.add(batch)
                }
                self.vision = vision
                statistics = learned
                lastChange = last
                names = try await store.labelNames()
                version = try await restoreVersion(fingerprint: fingerprint)
                publish()
            } catch let error as StoreError {
                throw Problem(error)
            }
        }
    }

    // MARK: Teaching

    /// One taught sample and who waits for it.
    private struct PendingTeaching {
        let sample: NewSample
        let features: RootFeatures
        let predicted: LabelProbability?
        let continuation: CheckedContinuation<Result<TeachingOutcome, Problem>, Never>
    }

    /// Keeps and learns one sample; samples that come while the disk is busy share its next write and one solve.
    func teach(
        _ seen: SeenImage, as name: LabelName, group: String?, relabel: Bool, predicted: LabelProbability?,
        by reference: ModelReference
    ) async throws(Problem) -> TeachingOutcome {
        let sample = NewSample(
            label: name, digest: seen.digest, group: group, fingerprint: seen.fingerprint, features: seen.features.values,
            prediction: predicted.map {
                Prediction(label: $0.label, probability: $0.probability, version: reference.version, revision: reference.revision)
            },
            onConflict: relabel ? .relabel : .refuse)
        let result = await withCheckedContinuation { continuation in
            pending.append(
                PendingTeaching(
                    sample: sample, features: seen.features, predicted: predicted, continuation: continuation))
            // The first to come starts the work; whoever comes before it begins shares it.
            if pending.count == 1 { Task { await teachPending() } }
        }
        return try result.get()
    }

    /// The most samples in one transaction.
    private static let batchLimit = 64

    private func teachPending() async {
        _ = try? await exclusively { () throws(Problem) in
            while !pending.isEmpty {
                let batch = Array(pending.prefix(Self.batchLimit))
                pending.removeFirst(batch.count)
                await teach(batch)
            }
        }
    }
}
