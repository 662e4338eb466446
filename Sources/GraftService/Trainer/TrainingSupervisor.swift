import Foundation
import Glibc
import GraftAPI
import GraftStore
import GraftTensor
import Logging

/// Runs one training job at a time in a child process, and hands what comes of it to the learner.
///
/// The service does not notice more than a failed job if the child crashes, is killed, or runs out of memory.
actor TrainingSupervisor {
    /// What the supervisor is doing.
    private enum Phase {
        case idle
        /// The job is being prepared: nobody else may start one.
        case starting
        case running(TrainerProcess)
    }

    private let settings: LiveConfiguration
    private let store: Store
    private let learner: Learner
    private let pool: ComputePool
    private let events: EventHub
    private let logger: Logger
    private let executable: String
    private var phase = Phase.idle
    /// Why the running job was asked to stop; nil where it was not.
    private var cancellation: String?
    /// Whether the running job was ended because its trainer said nothing any more.
    private var isSilent = false
    /// The last job, running or ended; nil before the first one.
    private(set) var job: TrainJob?
    /// When a job ended last; nil before the first one since the start.
    private(set) var lastEnd: ContinuousClock.Instant?
    nonisolated let endings = TrainingEndings()
    /// When the running job began, and when its trainer said something last, on a clock that stands while the machine sleeps.
    private var started = ContinuousClock.now
    private var lastWord = SuspendingClock.now
    /// How many processes had been killed for their memory when it began.
    private var memoryKills: Int?
    private var stopping = false
    /// Resumed when the running job has ended.
    private var waiting: [CheckedContinuation<Void, Never>] = []

    private var configuration: Configuration { settings.current }

    init(
        settings: LiveConfiguration, store: Store, learner: Learner, pool: ComputePool, events: EventHub,
        executable: String, logger: Logger
    ) {
        self.settings = settings
        self.store = store
        self.learner = learner
        self.pool = pool
        self.events = events
        self.executable = executable
        self.logger = logger
    }

    /// Remembers the last job of before the start.
    func restore() async {
        guard job == nil, let last = try? await store.lastJob() else { return }
        job = TrainJob(last)
    }

    /// Starts a job and returns once its process runs.
    func start(_ request: TrainRequest) async throws(Problem) -> TrainJob {
        guard !stopping else { throw Problem(.stopping, detail: "the service is stopping") }
        guard case .idle = phase else {
            throw Problem(
                .trainingRuns,
                detail: "job \(job?.id ?? "") runs: wait for it, or cancel it with DELETE /v1/train", id: job?.id)
        }
        phase = .starting
        do {
            return try await launch(TrainingOrder(request, for: try await learner.loadedVision().backbone))
        } catch {
            phase = .idle
            ended()
            throw error
        }
    }

    /// Asks the running job to stop, and returns when it has.
    func cancel() async throws(Problem) -> TrainJob {
        guard case .running(let process) = phase else {
            throw Problem(.noJob, detail: "no training job runs")
        }
        cancellation = "cancelled"
        process.cancel()
        await untilIdle()
        guard let job else { preconditionFailure("a job that ran is remembered") }
        return job
    }

    /// Takes no more jobs, and ends the one that runs.
    func stop() async {
        stopping = true
        if case .running(let process) = phase {
            cancellation = "cancelled: the service stopped"
            process.cancel()
        }
        await untilIdle()
    }

    private func untilIdle() async {
        if case .idle = phase { return }
        await withCheckedContinuation { waiting.append($0) }
    }

    private func ended() {
        let resumed = waiting
        waiting = []
        for continuation in resumed { continuation.resume() }
    }

    // MARK: One job

    private func launch(_ order: TrainingOrder) async throws(Problem) -> TrainJob {
        let plan = try await learner.trainingPlan()
        let id = UUID().uuidString.lowercased()
        let output = StateFiles.candidate(id, state: configuration.state)
        let request = TrainerJob(
            state: configuration.state, strategy: order.strategy, features: order.features, seed: order.seed,
            recipe: order.recipe, timeLimit: order.timeLimit, snapshot: plan.snapshot, fingerprint: plan.fingerprint,
            featureCount: plan.featureCount, cut: plan.cut, incumbent: plan.incumbent,
            incumbentCalibration: plan.incumbentCalibration, incumbentLabels: plan.incumbentLabels, output: output)
        let process: TrainerProcess
        memoryKills = MemoryKills.count()
        try await storing {
            try await store.beginJob(
                id: id, request: String(decoding: try APICoding.encoder().encode(request), as: UTF8.self))
        }
        do {
            process = try TrainerProcess(
                executable: executable, arguments: ["train", "--job", "-"],
                firstLine: try JSONEncoder().encode(request))
        } catch {
            let message = "the trainer could not be started: \(error)"
            try? await store.endJob(id: id, state: TrainJobState.failed.rawValue, error: message, version: nil)
            lastEnd = .now
            throw Problem(.internal, detail: message)
        }
        (cancellation, isSilent) = (nil, false)
        phase = .running(process)
        pool.makesRoom = true
        let job = TrainJob(
            id: id, strategy: order.strategy, state: .running, progress: 0, message: "starting", started: Date(),
            finished: nil, seconds: 0, version: nil)
        self.job = job
        (started, lastWord) = (.now, .now)
        logger.notice(
            "training started",
            metadata: .event(.trainingStarted, ["job": "\(id)", "strategy": "\(order.strategy.rawValue)"]))
        events.send(.train(job))
        let watch = Task { await endIfSilent(process) }
        Task {
            await follow(process, request, plan)
            watch.cancel()
        }
        return job
    }

    private func follow(_ process: TrainerProcess, _ request: TrainerJob, _ plan: TrainingPlan) async {
        var outcome: TrainerMessage?
        var exit = TrainerProcess.Exit.status(0)
        for await event in process.events {
            switch event {
            case .line(let line):
                lastWord = .now
                switch try? JSONDecoder().decode(TrainerMessage.self, from: line) {
                case .progress(let fraction, let message):
                    update(progress: fraction, message: message)
                case let message:
                    // What is no message at all is the trainer's fault, and ends the job below.
                    outcome = message
                }
            case .exited(let status):
                exit = status
            }
        }
        pool.makesRoom = false
        let ending = await conclude(request, plan, outcome, exit)
        try? FileManager.default.removeItem(atPath: request.output)
        await finish(ending)
    }

    /// Kills a trainer that has said nothing for as long as the settings allow: stopped, or hung.
    private func endIfSilent(_ process: TrainerProcess) async {
        guard configuration.trainSilenceSeconds > 0 else { return }
        let limit = Duration.seconds(configuration.trainSilenceSeconds)
        while !Task.isCancelled {
            let left = limit - (SuspendingClock.now - lastWord)
            guard left > .zero else { break }
            try? await Task.sleep(for: left, clock: .suspending)
        }
        guard !Task.isCancelled else { return }
        isSilent = true
        process.kill()
    }

    private struct Ending {
        var state: TrainJobState
        var message: String
        var version: Int?
    }

    private func conclude(
        _ request: TrainerJob, _ plan: TrainingPlan, _ outcome: TrainerMessage?, _ exit: TrainerProcess.Exit
    ) async -> Ending {
        if let cancellation { return Ending(state: .cancelled, message: cancellation) }
        if isSilent {
            return Ending(
                state: .failed,
                message:
                    "the trainer said nothing for \(configuration.trainSilenceSeconds) seconds and was killed: train "
                    + "again, or raise trainSilenceSeconds")
        }
        switch (outcome, exit) {
        case (.failed(let message), _):
            return Ending(state: .failed, message: message)
        case (.finished(let result), .status(0)):
            update(progress: 1, message: "publishing")
            do {
                let version = try await learner.conclude(request, result)
                return Ending(
                    state: result.verdict.publish ? .published : .rejected, message: result.verdict.reason,
                    version: version)
            } catch {
                return Ending(state: .failed, message: error.detail)
            }
        case (_, .signal(SIGKILL)) where hasRunOutOfMemory:
            return Ending(
                state: .failed,
                message:
                    "the trainer was killed because memory ran out: give the service more (MemoryMax= of its unit, if "
                    + "that is set), or train with the strategy head, which needs the least")
        default:
            return Ending(state: .failed, message: "the trainer ended with \(exit) and no result; its log says more")
        }
    }

    /// Whether the kernel has killed a process of ours for its memory since the job began.
    private var hasRunOutOfMemory: Bool {
        guard let memoryKills, let now = MemoryKills.count() else { return false }
        return now > memoryKills
    }

    private func update(progress: Double, message: String) {
        guard var job else { return }
        job.progress = min(max(progress, job.progress), 1)
        job.message = message
        job.seconds = (ContinuousClock.now - started).seconds
        self.job = job
        events.send(.train(job))
    }

    private func finish(_ ending: Ending) async {
        guard var job else { return }
        job.state = ending.state
        job.message = ending.message
        job.version = ending.version
        job.seconds = (ContinuousClock.now - started).seconds
        // By a clock that nobody sets: the other one may have been set back meanwhile.
        job.finished = job.started.addingTimeInterval(job.seconds)
        if ending.state == .published || ending.state == .rejected { job.progress = 1 }
        var metadata: Logger.Metadata = ["job": "\(job.id)", "seconds": "\(job.seconds)"]
        do {
            try await store.endJob(
                id: job.id, state: job.state.rawValue, error: job.version == nil ? job.message : nil,
                version: job.version.map(Int64.init))
        } catch {
            // The next start ends it in the store.
            metadata["not_noted"] = "\(error)"
        }
        logger.log(
            level: job.state == .failed ? .error : .notice, "training \(job.state.rawValue): \(job.message)",
            metadata: job.state == .failed ? .event(.trainingFailed, metadata) : metadata)
        endings.note(job)
        // At once: whoever sees that this job has ended may start the next.
        self.job = job
        lastEnd = .now
        phase = .idle
        events.send(.train(job))
        ended()
    }
}

extension TrainJob {
    /// A job of before the start; what the store says of one that ran then is that it failed.
    init(_ stored: StoredJob) {
        struct Request: Decodable {
            var strategy: TrainingStrategy?
        }
        let request = try? JSONDecoder().decode(Request.self, from: Data(stored.request.utf8))
        let finished = stored.finished ?? stored.started
        let state = TrainJobState(rawValue: stored.state) ?? .failed
        self.init(
            id: stored.id, strategy: request?.strategy ?? .auto, state: state,
            progress: state == .published || state == .rejected ? 1 : 0, message: stored.message,
            started: stored.started, finished: finished, seconds: max(finished.timeIntervalSince(stored.started), 0),
            version: stored.version.map { Int($0) })
    }
}
