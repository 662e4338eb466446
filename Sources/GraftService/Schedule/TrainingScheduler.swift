import Foundation
import GraftAPI
import GraftStore
import Logging

/// Decides when a training job is due, and starts it, if settings let it do so by itself.
///
/// It looks every few seconds at what has changed, because what it waits for (quiet, time, a battery, a temperature) sends
/// no notice. Within a process times are those of a clock that nobody sets; across a restart the wall clock has to do, and
/// where that ran backwards the last training counts as just over.
actor TrainingScheduler {
    private let settings: LiveConfiguration
    private let store: Store
    private let live: LiveModelBox
    private let training: TrainingSupervisor
    private let logger: Logger
    private let started = ContinuousClock.now
    private let startDate = Date()
    private var task: Task<Void, Never>?
    private var stopped = false
    /// The kind of the last decision; it is logged when that changes.
    private var lastKind: [String] = []
    private var learned = Learned()
    /// Why it could not do its work when it looked last; logged when that changes.
    private var lastFailure: String?

    /// What the store said, and when.
    private struct Learned {
        var model: ModelReference?
        var job: TrainJob?
        var news = TrainingNews(newSamples: 0, corrections: 0, setbacks: 0, lastEnd: nil)
    }

    /// How often it looks.
    private static let pause = Duration.seconds(5)

    private var configuration: Configuration { settings.current }

    init(
        settings: LiveConfiguration, store: Store, live: LiveModelBox, training: TrainingSupervisor, logger: Logger
    ) {
        self.settings = settings
        self.store = store
        self.live = live
        self.training = training
        self.logger = logger
    }

    /// Begins to start jobs, where the settings say so.
    func start() {
        guard configuration.trainAutomatically, task == nil, !stopped else { return }
        task = Task {
            while !Task.isCancelled {
                let decision = await look()
                let pause = min(Self.pause, max(decision?.left ?? Self.pause, .milliseconds(50)))
                try? await Task.sleep(for: pause)
            }
        }
    }

    /// Begins, or ends, to start jobs by itself, as the settings now say.
    func followSettings() async {
        if configuration.trainAutomatically { return start() }
        let before = task
        task = nil
        before?.cancel()
        await before?.value
    }

    private func look() async -> TrainingDecision? {
        do {
            let decision = try await startIfDue(TrainRequest()).decision
            lastFailure = nil
            return decision
        } catch {
            // A job that runs already was started by somebody else.
            guard error.kind != .trainingRuns, error.kind != .stopping, error.detail != lastFailure else { return nil }
            lastFailure = error.detail
            logger.error("training cannot be started: \(error.detail)")
            return nil
        }
    }

    /// Starts no more jobs, and returns when none is being started.
    func stop() async {
        stopped = true
        task?.cancel()
        await task?.value
    }

    /// Starts the job that `request` describes if one is due.
    func startIfDue(_ request: TrainRequest) async throws(Problem) -> (decision: TrainingDecision, answer: TrainIfDue) {
        let (decision, schedule) = try await decide()
        note(decision)
        guard decision.isDue else { return (decision, TrainIfDue(schedule: schedule, job: nil)) }
        return (decision, TrainIfDue(schedule: schedule, job: try await training.start(request)))
    }

    /// What would be decided now.
    func schedule() async -> TrainingSchedule? { try? await decide().schedule }

    private func note(_ decision: TrainingDecision) {
        guard decision.kind != lastKind else { return }
        lastKind = decision.kind
        let reasons = decision.reasons.map(\.description).joined(separator: ", ")
        if decision.reasons.isEmpty {
            logger.info("no training is due any more")
        } else if decision.isDue {
            logger.notice("training is due: \(reasons)")
        } else {
            logger.notice(
                "training waits: \(decision.obstacles.map(\.description).joined(separator: "; "))",
                metadata: ["for": "\(reasons)"])
        }
    }

    // MARK: Facts

    private func decide() async throws(Problem) -> (decision: TrainingDecision, schedule: TrainingSchedule) {
        var facts = TrainingFacts()
        let model = live.current
        guard let vision = model.vision else {
            return (
                TrainingDecision(reasons: [], obstacles: []),
                TrainingSchedule(
                    automatic: configuration.trainAutomatically, due: false, reasons: [],
                    blockedBy: [live.lackOfBackbone], next: nil, newSamples: 0, corrections: 0)
            )
        }
        let job = await training.job
        let news = try await news(fingerprint: vision.backbone.fingerprint, job: job)
        facts.newSamples = news.newSamples
        facts.corrections = news.corrections
        facts.setbacks = news.setbacks
        facts.sinceChange = ContinuousClock.now - max(live.lastChange, started)
        facts.sinceTraining = await sinceTraining(news)
        if job?.state == .running { facts.runningJob = job?.id }
        facts.lack = Learner.lack(ofLabels: model.readyLabels)?.detail
        facts.machine = MachineState(systemFolder: configuration.systemFolder)
        let decision = TrainingRule(configuration).decide(facts)
        return (
            decision,
            TrainingSchedule(
                automatic: configuration.trainAutomatically, due: decision.isDue,
                reasons: decision.reasons.map(\.description), blockedBy: decision.obstacles.map(\.description),
                next: decision.left.map { Date(timeIntervalSinceNow: $0.seconds) }, newSamples: facts.newSamples,
                corrections: facts.corrections)
        )
    }

    /// What is new since the last training; asked of the store only when that may have changed.
    private func news(fingerprint: String, job: TrainJob?) async throws(Problem) -> TrainingNews {
        let model = live.current.reference
        if learned.model == model && learned.job == job { return learned.news }
        let news = try await storing { try await store.trainingNews(fingerprint: fingerprint) }
        learned = Learned(model: model, job: job, news: news)
        return news
    }

    private func sinceTraining(_ news: TrainingNews) async -> Duration? {
        if let ended = await training.lastEnd { return ContinuousClock.now - ended }
        guard let before = news.lastEnd else { return nil }
        return .seconds(max(startDate.timeIntervalSince(before), 0)) + (ContinuousClock.now - started)
    }
}
