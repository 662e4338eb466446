import Foundation
import GraftTensor
import Synchronization

/// Runs an actor's jobs one after another on a thread of its own.
///
/// Long solves on an actor with this executor cannot starve the tasks that answer requests: those share Swift's
/// cooperative pool, which has one thread per processor.
final class SerialThreadExecutor: SerialExecutor {
    private struct State {
        var jobs: [UnownedJob] = []
        var stopped = false
    }

    private let state = Mutex(State())
    private let wake = DispatchSemaphore(value: 0)

    init(name: String) {
        // The thread holds the executor until the process ends: the last job may well be what lets go of the actor, and with
        // it of everybody else's reference.
        let thread = Thread {
            Thread.setSystemName(name)
            self.run()
        }
        // Cholesky's blocked recursion and SQLite's parser fit well below this; the default of 512 KiB is tight.
        thread.stackSize = 4 << 20
        thread.start()
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        state.withLock { $0.jobs.append(job) }
        wake.signal()
    }

    func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }

    private func run() {
        while true {
            wake.wait()
            let job = state.withLock { $0.jobs.removeFirst() }
            job.runSynchronously(on: asUnownedSerialExecutor())
        }
    }
}
