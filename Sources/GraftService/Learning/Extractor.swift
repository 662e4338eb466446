import GraftAPI
import GraftStore
import GraftTensor
import Logging

/// Lets the loaded backbone look at the kept images of samples that have features of another one, in the background.
///
/// What is left to do is what the store says: samples of another backbone with an image. So whatever ends this, a stop, a
/// kill or yet another backbone, the next start goes on with what is left.
actor Extractor {
    private let store: Store
    private let learner: Learner
    private let live: LiveModelBox
    private let pool: ComputePool
    private let events: EventHub
    private let logger: Logger
    private var task: Task<Void, Never>?
    private var stopped = false
    /// Of the loaded backbone; nil before the first.
    private(set) var progress: ExtractionProgress?

    /// How many images share one transaction and one solve, unless ``batchTime`` is over before.
    private static let batchSize = 32
    private static let batchTime = Duration.seconds(1)
    /// How long an image waits for requests to pause before it is looked at among them.
    private static let patience = Duration.milliseconds(200)
    /// How long to wait after the store has failed.
    private static let pause = Duration.seconds(30)

    init(
        store: Store, learner: Learner, live: LiveModelBox, pool: ComputePool, events: EventHub, logger: Logger
    ) {
        self.store = store
        self.learner = learner
        self.live = live
        self.pool = pool
        self.events = events
        self.logger = logger
    }

    /// Begins anew with the backbone that is loaded now; what another one had begun ends.
    func restart() {
        let before = task
        progress = nil
        before?.cancel()
        task = Task {
            await before?.value
            await run()
        }
    }

    /// Ends, and returns when nothing is being extracted any more.
    func stop() async {
        stopped = true
        task?.cancel()
        await task?.value
    }

    private var isOver: Bool { stopped || Task.isCancelled }

    private func run() async {
        guard let vision = live.current.vision else { return }
        var lastReason: String?
        while !isOver {
            do {
                // A pass may leave samples behind, where the store failed; so passes end with one that finds nothing.
                guard try await extractAll(with: vision) else { return }
            } catch {
                if isOver { return }
                let reason = (error as? Problem)?.detail ?? "\(error)"
                // Once, however often it is tried in vain.
                if reason != lastReason { logger.error("samples cannot be extracted again for now: \(reason)") }
                lastReason = reason
                try? await Task.sleep(for: Self.pause)
            }
        }
    }

    /// Extracts what waits, batch by batch; false where nothing does, or another backbone was loaded.
    private func extractAll(with vision: Vision) async throws -> Bool {
        let fingerprint = vision.backbone.fingerprint
        let counts = try await store.counts(fingerprint: fingerprint)
        var left = try await store.samplesToExtract(fingerprint: fingerprint)[...]
        var progress = ExtractionProgress(
            backbone: vision.name, fingerprint: fingerprint,
            done: counts.relearned, waiting: left.count, unreadable: counts.unreadable)
        self.progress = progress
        guard !left.isEmpty else {
            sayWhatStays(counts.others)
            return false
        }
        logger.notice("\(left.count) samples of another backbone are extracted again from their kept images")
        events.send(.extraction(progress))
        while !left.isEmpty {
            let batch = try await extractBatch(&left, with: vision)
            guard !isOver, let learned = try await learner.learn(batch, fingerprint: fingerprint) else { return false }
            progress = ExtractionProgress(
                backbone: progress.backbone, fingerprint: fingerprint, done: progress.done + learned,
                waiting: left.count, unreadable: progress.unreadable + batch.count { $0.features == nil })
            self.progress = progress
            events.send(.extraction(progress))
        }
        return true
    }

    /// Extracts the first samples of `left`, and takes them out of it.
    private func extractBatch(
        _ left: inout ArraySlice<String>, with vision: Vision
    ) async throws -> [ExtractedSample] {
        var batch: [ExtractedSample] = []
        let start = ContinuousClock.now
        for id in left.prefix(Self.batchSize) {
            guard !isOver, ContinuousClock.now - start < Self.batchTime else { break }
            if let sample = try await extract(id, with: vision) { batch.append(sample) }
            left.removeFirst()
        }
        return batch
    }

    /// What the backbone makes of the sample `id`; nil where that has gone, or has its features already.
    private func extract(_ id: String, with vision: Vision) async throws -> ExtractedSample? {
        guard let kept = try await store.imageToExtract(id, fingerprint: vision.backbone.fingerprint) else {
            return nil
        }
        while true {
            try await waitForRequests()
            do {
                let start = ContinuousClock.now
                let look = try await vision.look(at: EncodedImage(kept), for: .own, on: pool)
                // As threads of the pool under load do: a process of the lowest priority, which training is, gets its part.
                try await Task.sleep(for: (ContinuousClock.now - start) / 4)
                return ExtractedSample(id: id, features: look.features.own?.kept.values, latent: look.latent)
            } catch let problem as Problem {
                switch problem.kind {
                case .busy:
                    continue
                case .unreadableImage, .unsupportedImage, .imageTooLarge:
                    logger.warning(
                        """
                        the kept image of sample \(id) cannot be read, so the sample stays with its earlier backbone: \
                        \(problem.detail)
                        """)
                    return ExtractedSample(id: id, features: nil)
                default:
                    throw problem
                }
            }
        }
    }

    /// Returns when no request is being computed, or after a while.
    private func waitForRequests() async throws {
        let start = ContinuousClock.now
        while pool.outstanding > 0, ContinuousClock.now - start < Self.patience {
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    private func sayWhatStays(_ others: [OtherBackboneCounts]) {
        for other in others {
            logger.notice(
                """
                \(other.samples) samples take no part: their features are of another backbone, and their images were not \
                kept or cannot be read
                """,
                metadata: ["name": "\(other.name ?? "unknown")", "fingerprint": "\(other.fingerprint.prefix(12))"])
        }
    }
}
