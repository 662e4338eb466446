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
/// free for whoever waits for the network. Each piece of work has one thread, from beginning to end, in
/// the order of arrival; it is told which, so that it can use the scratch space of that thread. While threads
/// have no work of their own, they help others with theirs: see ``Worker/share(_:_:)``.
package final class ComputePool: Sendable {
    /// The number of threads.
    package let threads: Int
    /// How many pieces of work may wait while all threads are busy; a new limit holds for what comes then.
    package var queueLimit: Int {
        get { limit.load(ordering: .relaxed) }
        set {
            precondition(newValue >= 0)
            limit.store(newValue, ordering: .relaxed)
        }
    }
    private let limit: Atomic<Int>
    private let queue: WorkQueue

    /// - Parameter stackSize: Bytes for each thread.
    /// - Precondition: `threads >= 1` and `queueLimit >= 0`.
    package init(threads: Int, queueLimit: Int, stackSize: Int = 2 << 20) {
        precondition(threads >= 1 && queueLimit >= 0)
        self.threads = threads
        limit = Atomic(queueLimit)
        queue = WorkQueue(threads: threads)
        for worker in 0..<threads {
            // The threads hold the queue, not the pool, so that a forgotten pool ends them.
            let thread = Thread { [queue] in
                Thread.setSystemName("compute-\(worker)")
                queue.work(as: worker)
            }
            thread.stackSize = stackSize
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

    /// What `work` returns, run on one of the threads, which it is given.
    ///
    /// Throws ``ComputePoolError`` if the work was not taken, else what `work` throws.
    package func run<R: Sendable>(_ work: @escaping @Sendable (_ worker: Worker) throws -> R) async throws -> R {
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
