import Foundation
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
        let thread = Thread { [state = Unmanaged.passUnretained(self)] in
            // The process keeps its executors until it ends, so the thread may lean on this one.
            state.takeUnretainedValue().run()
        }
        thread.name = name
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
