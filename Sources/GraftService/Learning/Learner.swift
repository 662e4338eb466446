import Foundation
import GraftAPI
import GraftCheckpoint
import GraftLearning
import GraftStore
import GraftTensor
import Logging

/// The one place where what has been learned changes: disk, statistics and live model, in that order.
///
/// Its jobs run on a thread of their own, because a solve takes milliseconds.
actor Learner {
    private let settings: LiveConfiguration
    let store: Store
    let live: LiveModelBox
    let events: EventHub
    let timings: ServiceTimings
    /// Computes what versions' own tops make of samples.
    let pool: ComputePool
    let logger: Logger

    /// Exact sums over every sample of the loaded backbone.
    var statistics = LabelStatistics(featureCount: 0)
    /// The same over what the active version's own top makes of samples; nil where it has none.
    var tuned: LabelStatistics?
    /// By which near-duplicates of taught samples are found, and what an image is most like.
    var sketches = SketchIndex()
    /// The same in the features that the active version's own top makes.
    var tunedSketches = SketchIndex()
    /// What novelty is measured against, and the digest of the last of them.
    var known: [KnownSample] = []
    var lastKnown: [UInt8] = []
    /// Label names by id.
    var names: [Int64: String] = [:]
    /// The last change that `statistics` contains.
    var lastChange: Int64 = 0
    /// The last change that the saved statistics contain; nil where none are saved.
    var savedChange: Int64?
    /// The change with which they are due to be saved again.
    var nextSave: Int64 = 0
    /// Whether it was said that statistics cannot be saved.
    var saidThatStatisticsCannotBeSaved = false
    /// What answers; version 0 has no head.
    var version = ActiveVersion.none
    /// What answered before the last swap; see `judgeShadow`.
    var shadow: Shadow?
    private(set) var vision: Vision?

    /// Whether the disk holds a change that is not in the statistics, because a read failed after it; see `catchUp`.
    var isBehind = false
    /// What tries to catch up while no change comes.
    var catchingUp: Task<Void, Never>?

    /// Whether it was said that kept images have no more room.
    var saidThatImagesHaveNoRoom = false

    private var changes = ChangeQueue()
    /// Taught samples that wait to share one transaction and one solve.
    private var pending: [PendingTeaching] = []

    private let executor = SerialThreadExecutor(name: "learner")
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    var configuration: Configuration { settings.current }

    init(
        settings: LiveConfiguration, store: Store, live: LiveModelBox, events: EventHub, timings: ServiceTimings,
        pool: ComputePool, logger: Logger
    ) {
        self.settings = settings
        self.store = store
        self.live = live
        self.pool = pool
        self.events = events
        self.timings = timings
        self.logger = logger
    }

    /// Runs `change` when no other change runs; see ``ChangeQueue``.
    ///
    /// - Parameter catchingUp: Whether the statistics have to contain everything that is on the disk.
    func exclusively<R: Sendable>(
        catchingUp: Bool = true, _ change: () async throws(Problem) -> R
    ) async throws(Problem) -> R {
        while !changes.tryEnter() {
            await withCheckedContinuation { changes.wait($0) }
        }
        defer { changes.leave() }
        if catchingUp { try await catchUp() }
        return try await change()
    }

    /// Solves the analytic head again and lets the result answer.
    func publish() {
        let statistics = liveStatistics
        let hasLabels = statistics.labels.contains { $0.key != LabelStatistics.background }
        let novelty =
            hasLabels
            ? timings.refit.measure {
                Novelty(
                    statistics, calibration: version.calibration, known: known,
                    sketches: tuned == nil ? sketches : tunedSketches)
            } : nil
        let learned = statistics.count - (statistics.labels[LabelStatistics.background]?.count ?? 0)
        live.swap(
            to: LiveModel(
                reference: reference, vision: vision, names: names, novelty: novelty, head: version.head,
                top: version.top, learnedSamples: learned, shadow: shadow, readyLabels: readyLabels))
    }

    /// The version and revision of what has been learned up to now.
    var reference: ModelReference {
        ModelReference(version: Int(version.number), revision: Int(lastChange - version.snapshotChange))
    }

    // MARK: Backbones

    /// Learns again, from the store, what was taught under this backbone, and lets it answer. What was saved of another one
    /// stays saved.
    func adopt(_ vision: Vision) async throws(Problem) {
        try await exclusively(catchingUp: false) { () throws(Problem) in
            let fingerprint = vision.backbone.fingerprint
            let featureCount = vision.backbone.featureCount
            try await storing {
                try await store.load(fingerprint: fingerprint, name: vision.name)
                let learned = try await restoreStatistics(fingerprint: fingerprint, featureCount: featureCount)
                lastChange = try await store.lastChange()
                statistics = learned
                try readSketches(fingerprint: fingerprint)
                self.vision = vision
            }
            try await readNames()
            try await restoreVersion(vision)
            try await storing { try await readKnown(fingerprint: fingerprint) }
            shadow = await restoreShadow(vision)
            isBehind = false
            publish()
            saveStatisticsIfDue()
        }
    }

    func readNames() async throws(Problem) {
        names = try await storing { try await store.labelNames() }
    }

    /// The loaded backbone, which every change of samples needs.
    func loadedVision() throws(Problem) -> Vision {
        guard let vision else { throw Problem(.noBackbone, detail: live.lackOfBackbone) }
        return vision
    }

    // MARK: Teaching

    /// One taught sample and who waits for it.
    struct PendingTeaching: Sendable {
        var sample: NewSample
        let features: RootFeatures
        let predicted: LabelProbability?
        let continuation: CheckedContinuation<Result<TeachingOutcome, Problem>, Never>
    }

    /// Keeps and learns one sample, of none of the labels where `name` is nil; samples that come while the disk is busy share its next write and one solve.
    func teach(
        _ seen: SeenImage, as name: LabelName?, group: String?, relabel: Bool, keeping image: KeptImage?,
        predicted: LabelProbability?, shadow: ShadowAnswer?, by reference: ModelReference
    ) async throws(Problem) -> TeachingOutcome {
        guard let features = seen.features.own?.kept else { preconditionFailure("what is taught has its own features") }
        let tuned = version.top.flatMap { top in
            seen.features[top].map { NewSample.TunedFeatures(version: top.version, features: $0.kept.values) }
        }
        let sample = NewSample(
            label: name, digest: seen.digest.bytes, group: group, fingerprint: seen.fingerprint,
            features: features.values,
            prediction: predicted.map {
                PriorAnswer(
                    label: $0.label, probability: $0.probability, version: Int64(reference.version),
                    revision: Int64(reference.revision), shadow: shadow)
            }, relabels: relabel, image: image, latent: seen.latent, tuned: tuned)
        let result = await withCheckedContinuation { continuation in
            pending.append(
                PendingTeaching(
                    sample: sample, features: features, predicted: predicted, continuation: continuation))
            // The first to come starts the work; whoever comes before it begins shares it.
            if pending.count == 1 { Task { await teachPending() } }
        }
        return try result.get()
    }

    /// The most samples in one transaction.
    private static let batchLimit = 64
    /// The images and latents in one transaction end with those that reach these bytes: the write-ahead log grows by as
    /// much.
    private static let batchBytes = 32 << 20

    private func teachPending() async {
        while !changes.tryEnter() {
            await withCheckedContinuation { changes.wait($0) }
        }
        defer { changes.leave() }
        while !pending.isEmpty {
            var bytes = 0
            let batch = Array(
                pending.prefix(Self.batchLimit).prefix { waiting in
                    defer { bytes += waiting.sample.keptByteCount }
                    return bytes < Self.batchBytes
                })
            pending.removeFirst(batch.count)
            let outcomes = await learn(batch)
            for (waiting, outcome) in zip(batch, outcomes) { waiting.continuation.resume(returning: outcome) }
        }
    }
}
