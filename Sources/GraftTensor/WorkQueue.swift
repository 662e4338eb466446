import Foundation
import Synchronization

/// What the threads of a pool share.
///
/// Sendable: every stored variable is read and written with `condition` locked, apart from atomics.
final class WorkQueue: @unchecked Sendable {
    /// Computes, and returns what hands the result over: that happens when the thread already counts
    /// as free, so whoever got an answer finds room for the next question.
    typealias Work = @Sendable (Worker) -> () -> Void

    /// How long a thread rests after a piece of work, as a part of the time that took.
    private static let rest = 0.25
    /// How long a thread without work looks for some before it sleeps.
    private static let alertness = Duration.microseconds(100)

    let makesRoom = Atomic(false)
    private let threads: Int
    /// By the number of the thread that owns it.
    private let crews: [Crew]
    private let condition = NSCondition()
    private var waiting: [Work] = []
    /// As many as `waiting` has, for those who have not locked `condition`.
    private let waitingCount = Atomic(0)
    private let sleeping = Atomic(0)
    private var running = 0
    private var closed = false
    private var whenDrained: [@Sendable () -> Void] = []

    init(threads: Int) {
        self.threads = threads
        crews = (0..<threads).map { _ in Crew(threads: threads) }
    }

    /// Work that waits or runs.
    var outstanding: Int { condition.withLock { waiting.count + running } }

    var isClosed: Bool { condition.withLock { closed } }

    /// Takes `work`, or says why not.
    ///
    /// The limit counts against what runs *or waits*, because work that found an idle thread still
    /// waits for the moment that thread needs to wake up.
    func append(limit: Int, _ work: @escaping Work) -> ComputePoolError? {
        condition.withLock {
            if closed { return .stopped }
            if waiting.count + running >= threads + limit { return .queueFull(limit: limit) }
            waiting.append(work)
            waitingCount.store(waiting.count, ordering: .releasing)
            condition.signal()
            return nil
        }
    }

    /// The life of one thread: works until the queue is closed and empty.
    func work(as index: Int) {
        let worker = Worker(index: index, threads: threads, crew: crews[index]) { [unowned self] in wakeSleepers() }
        while let work = next(as: index) {
            let start = ContinuousClock.now
            let handOver = work(worker)
            finished()
            handOver()
            guard makesRoom.load(ordering: .relaxed), waitingCount.load(ordering: .relaxed) > 0 else { continue }
            let (seconds, attoseconds) = (ContinuousClock.now - start).components
            Thread.sleep(forTimeInterval: Self.rest * (Double(seconds) + Double(attoseconds) * 1e-18))
        }
    }

    /// No more work is taken; `whenDrained` runs once nothing waits or runs.
    func close(whenDrained action: (@Sendable () -> Void)?) {
        let drained = condition.withLock {
            closed = true
            if let action { whenDrained.append(action) }
            condition.broadcast()
            return takeDrainedActions()
        }
        for action in drained { action() }
    }

    /// Work for thread `index`, which helps others until there is some; nil when the queue is closed and empty.
    private func next(as index: Int) -> Work? {
        while true {
            helpOthers(as: index)
            let (work, ends): (Work?, Bool) = condition.withLock {
                if waiting.isEmpty && !closed && !someCrewIsOpen {
                    sleeping.add(1, ordering: .sequentiallyConsistent)
                    // A crew that opened before it could see that we sleep is seen by us.
                    if !someCrewIsOpen { condition.wait() }
                    sleeping.subtract(1, ordering: .sequentiallyConsistent)
                }
                guard !waiting.isEmpty else { return (nil, closed) }
                running += 1
                defer { waitingCount.store(waiting.count, ordering: .releasing) }
                return (waiting.removeFirst(), false)
            }
            if let work { return work }
            if ends { return nil }
        }
    }

    /// Takes parts of what others share, until there is work to begin with, or nothing to help with for a while.
    private func helpOthers(as index: Int) {
        var idleSince: ContinuousClock.Instant?
        var looks = 0
        while waitingCount.load(ordering: .acquiring) == 0 {
            var helped = false
            for crew in crews where crew.isOpen {
                while crew.help(worker: index) { helped = true }
            }
            if helped {
                (idleSince, looks) = (nil, 0)
                continue
            }
            Crew.wait(&looks)
            guard looks % 64 == 0, !someCrewIsOpen else { continue }
            let now = ContinuousClock.now
            if let idleSince, now - idleSince > Self.alertness { return }
            if idleSince == nil { idleSince = now }
        }
    }

    private var someCrewIsOpen: Bool { crews.contains { $0.isOpen } }

    private func wakeSleepers() {
        guard sleeping.load(ordering: .sequentiallyConsistent) > 0 else { return }
        condition.withLock { condition.broadcast() }
    }

    private func finished() {
        let drained = condition.withLock {
            running -= 1
            return takeDrainedActions()
        }
        for action in drained { action() }
    }

    /// - Precondition: `condition` is locked.
    private func takeDrainedActions() -> [@Sendable () -> Void] {
        guard closed && waiting.isEmpty && running == 0 else { return [] }
        defer { whenDrained = [] }
        return whenDrained
    }
}
