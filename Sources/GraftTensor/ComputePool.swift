import Foundation
import Synchronization

/// Why a ``ComputePool`` did not take a piece of work.
package enum ComputePoolError: Error, Equatable, Sendable, CustomStringConvertible {
    /// As much work waits as the pool was told to let wait.
    case queueFull(limit: Int)
    /// The pool was stopped.
    case stopped

    package var description: String {
        switch self {
        case .queueFull(let limit): "\(limit) pieces of work already wait for a compute thread; try again later"
        case .stopped: "the compute threads are stopped"
        }
    }
}

/// A fixed number of threads of our own for work that computes for milliseconds.
///
/// Such work must not run on Swift's cooperative pool or on an event loop, whose threads have to stay
/// free for whoever waits for the network. Each piece of work runs on one thread, from beginning to end,
/// in the order of arrival; it is told which, so that it can use the scratch space of that thread.
package final class ComputePool: Sendable {
    /// The number of threads.
    package let threads: Int
    /// How many pieces of work may wait while all threads are busy.
    package let queueLimit: Int
    private let queue: WorkQueue

    /// - Precondition: `threads >= 1` and `queueLimit >= 0`.
    package init(threads: Int, queueLimit: Int) {
        precondition(threads >= 1 && queueLimit >= 0)
        self.threads = threads
        self.queueLimit = queueLimit
        queue = WorkQueue(threads: threads)
        for worker in 0..<threads {
            // The threads hold the queue, not the pool, so that a forgotten pool ends them.
            let thread = Thread { [queue] in queue.work(as: worker) }
            thread.name = "compute-\(worker)"
            thread.stackSize = 2 << 20
            thread.start()
        }
    }

    deinit { queue.close(whenDrained: nil) }

    /// How many pieces of work wait or run.
    package var outstanding: Int { queue.outstanding }

    /// How many pieces of work wait for a thread.
    package var queued: Int { max(0, outstanding - threads) }

    /// Whether ``stop()`` was called.
    package var isStopped: Bool { queue.isClosed }

    /// What `work` returns, run on one of the threads, whose number in `0..<threads` it is given.
    ///
    /// Throws ``ComputePoolError`` if the work was not taken, else what `work` throws.
    package func run<R: Sendable>(_ work: @escaping @Sendable (_ worker: Int) throws -> R) async throws -> R {
        try await withCheckedThrowingContinuation { continuation in
            let refusal = queue.append(limit: queueLimit) { worker in
                let result = Result { try work(worker) }
                return { continuation.resume(with: result) }
            }
            if let refusal { continuation.resume(throwing: refusal) }
        }
    }

    /// Whether threads that never run out of work leave a fifth of their time to others.
    ///
    /// A process of the lowest priority gets next to nothing beside threads that are always busy: a training job would last
    /// for ever under a load without pause. Where work does not wait, nothing changes.
    package var makesRoom: Bool {
        get { queue.makesRoom.load(ordering: .relaxed) }
        set { queue.makesRoom.store(newValue, ordering: .relaxed) }
    }

    /// Takes no more work, and returns when everything taken before is done.
    package func stop() async {
        await withCheckedContinuation { continuation in
            queue.close { continuation.resume() }
        }
    }
}

/// What the threads of a pool share.
///
/// Sendable: every stored variable is read and written with `condition` locked.
private final class WorkQueue: @unchecked Sendable {
    /// Computes, and returns what hands the result over: that happens when the thread already counts
    /// as free, so whoever got an answer finds room for the next question.
    typealias Work = @Sendable (_ worker: Int) -> () -> Void

    /// How long a thread rests after a piece of work, as a part of the time that took.
    private static let rest = 0.25

    let makesRoom = Atomic(false)
    private let threads: Int
    private let condition = NSCondition()
    private var waiting: [Work] = []
    private var running = 0
    private var closed = false
    private var whenDrained: [@Sendable () -> Void] = []

    init(threads: Int) { self.threads = threads }

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
            condition.signal()
            return nil
        }
    }

    /// The life of one thread: works until the queue is closed and empty.
    func work(as worker: Int) {
        while let work = next() {
            let start = ContinuousClock.now
            let handOver = work(worker)
            finished()
            handOver()
            guard makesRoom.load(ordering: .relaxed), hasWaiting else { continue }
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

    private var hasWaiting: Bool { condition.withLock { !waiting.isEmpty } }

    private func next() -> Work? {
        condition.withLock {
            while waiting.isEmpty && !closed { condition.wait() }
            if waiting.isEmpty { return nil }
            running += 1
            return waiting.removeFirst()
        }
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
