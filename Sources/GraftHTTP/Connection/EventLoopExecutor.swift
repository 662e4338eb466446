import NIOCore

/// Runs a connection's tasks on its event loop, so that no other thread wakes up to read what came or to write an answer.
///
/// What waits for a disk or takes longer than a moment goes elsewhere: see ``offEventLoop(_:)``.
final class EventLoopExecutor: TaskExecutor {
    private let loop: any EventLoop

    init(_ loop: any EventLoop) { self.loop = loop }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        loop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}

/// Runs `work` on Swift's own threads.
func offEventLoop<R>(_ work: () async throws -> R) async throws -> R {
    try await withTaskExecutorPreference(globalConcurrentExecutor, operation: work)
}
