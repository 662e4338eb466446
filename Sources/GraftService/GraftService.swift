import Foundation
import GraftAPI
import GraftCheckpoint
import GraftImage
import GraftNetwork
import GraftStore
import GraftTensor
import Logging
import Synchronization

/// The whole service behind any transport: every operation of the API, without HTTP.
package final class GraftService: Sendable {
    package static let programVersion = "0.1.0"
    package static let noBackboneHint =
        "no backbone is loaded: bring one with `graftctl backbone import FILE`"

    let settings: LiveConfiguration
    package let events = EventHub()
    let store: Store
    let pool: ComputePool
    let live: LiveModelBox
    let learner: Learner
    let training: TrainingSupervisor
    let scheduler: TrainingScheduler
    let extractor: Extractor
    let backboneFolder: BackboneFolder
    let recent = RecentAnswers(capacity: 256, imageByteLimit: 16 << 20, latentByteLimit: 8 << 20)
    package let timings = ServiceTimings()
    let backups = BackupCount()
    let logger: Logger
    let started = ContinuousClock.now
    let inferenceCount = Atomic(0)
    private let stopping = Atomic(false)

    /// Opens the state, loads the backbone and the active version, and learns again what is stored.
    ///
    /// - Parameter trainer: The program that is run with `train --job -`; another one only in tests.
    /// - Throws: `StoreError` where the state cannot be opened; a backbone that cannot be loaded is logged, and the
    ///   service is up without it.
    package init(
        _ configuration: Configuration, trainer: String = TrainerProcess.thisProgram, logger: Logger
    ) async throws {
        settings = LiveConfiguration(configuration)
        self.logger = logger
        store = try Store(folder: configuration.state, access: .writer)
        StateFiles.removeCandidates(state: configuration.state)
        // What cannot be read now is no reason not to serve.
        try? await StateFiles.removeDeleted(store)
        StateBackup.removeLeftovers(state: configuration.state)
        pool = ComputePool(threads: configuration.threads, queueLimit: configuration.queueLimit)
        backboneFolder = BackboneFolder(
            state: configuration.state,
            latents: LatentSettings(format: configuration.latents, cut: configuration.cut))
        backboneFolder.removeLeftovers()
        live = LiveModelBox(.empty)
        learner = Learner(
            settings: settings, store: store, live: live, events: events, timings: timings,
            pool: pool, logger: logger)
        training = TrainingSupervisor(
            settings: settings, store: store, learner: learner, pool: pool, events: events,
            executable: trainer, logger: logger)
        scheduler = TrainingScheduler(
            settings: settings, store: store, live: live, training: training, logger: logger)
        extractor = Extractor(
            store: store, learner: learner, live: live, pool: pool, events: events, logger: logger)
        if let name = configuration.backbone ?? backboneFolder.names().first {
            do {
                try await adopt(backboneFolder.load(name), name: name)
            } catch {
                // Another one would not know what was taught: the service is up, and says why it cannot answer.
                live.lackOfBackbone = error.detail
                logger.error("\(error.detail)", metadata: .event(.backboneUnusable, ["name": "\(name)"]))
            }
        } else {
            logger.notice("\(Self.noBackboneHint)")
        }
        await training.restore()
        await scheduler.start()
    }

    /// The settings as they are now.
    package var configuration: Configuration { settings.current }

    /// How training jobs ended since the start.
    package var trainingEndings: TrainingEndings { training.endings }

    /// Whether images can be looked at.
    package var isReady: Bool { live.current.vision != nil && !isStopping }

    /// Why there is no backbone, and what to do, where there is none.
    package var lackOfBackbone: String { live.lackOfBackbone }

    var isStopping: Bool { stopping.load(ordering: .relaxed) }

    /// Ends the streams of events, so that their connections can close; requests that have begun go on.
    package func beginStopping() {
        stopping.store(true, ordering: .relaxed)
        events.finish()
    }

    /// Ends extraction, training and compute, and closes the store. No request may come after it.
    package func stop() async {
        beginStopping()
        await extractor.stop()
        await scheduler.stop()
        await training.stop()
        await pool.stop()
        await learner.stopCatchingUp()
        await learner.saveStatistics()
        do {
            try store.close()
        } catch {
            logger.error("the store was not closed cleanly: \(error)")
        }
    }

    /// Makes `backbone` the one that looks at images, once it has looked at one.
    func adopt(_ backbone: LoadedBackbone, name: String) async throws(Problem) {
        let vision = Vision(
            name: name, backbone: backbone, threads: configuration.threads, settings: settings)
        // It touches every weight, so that the first client does not wait for the disk.
        _ = try await vision.look(at: vision.testImage, for: .own, on: pool)
        try await learner.adopt(vision)
        logger.notice(
            "backbone loaded",
            metadata: .event(
                .backboneLoaded,
                [
                    "name": "\(name)", "architecture": "\(backbone.architecture.name)",
                    "fingerprint": "\(backbone.fingerprint.prefix(12))",
                ]))
        await extractor.restart()
    }

    /// What answers now, or why nothing can.
    func visionOfLiveModel() throws(Problem) -> (model: LiveModel, vision: Vision) {
        let model = live.current
        guard let vision = model.vision else { throw Problem(.noBackbone, detail: lackOfBackbone) }
        return (model, vision)
    }

    /// Looks at `image`, and notes how long that and what `judge` says of the features took; `conclude` works on both. All of
    /// it on one compute thread.
    func look<J, R: Sendable>(
        at image: EncodedImage, for wanted: WantedFeatures, with vision: Vision, toTeach: Bool = false,
        judge: @escaping @Sendable (SeenFeatures) -> J, conclude: @escaping @Sendable (SeenImage, J) -> R
    ) async throws(Problem) -> R {
        try await vision.look(at: image, for: wanted, on: pool, judge: judge) { [self] look, judgement in
            note(look)
            let seen = SeenImage(
                // The thread that has decoded the bytes still has them in its cache.
                digest: ImageDigest(of: image.bytes, isNeeded: toTeach), fingerprint: vision.backbone.fingerprint,
                features: look.features, image: configuration.keep == .none ? nil : image, latent: look.latent)
            return conclude(seen, judgement)
        }
    }

    /// Counts an inference of a request that came to its end, and how long it took.
    func note(_ look: Vision.Look) {
        inferenceCount.add(1, ordering: .relaxed)
        timings.record(look)
    }
}

/// How long the last images and solves took.
package struct ServiceTimings: Sendable {
    /// From when an image was there until a thread had time for it.
    package let queue = Timings()
    package let decode = Timings()
    package let inference = Timings()
    package let refit = Timings()

    func record(_ look: Vision.Look) {
        queue.record(look.wait)
        decode.record(look.decode)
        inference.record(look.inference)
    }
}
