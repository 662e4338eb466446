/// The thread that a piece of work runs on, and what it may use of the others.
package struct Worker: Sendable {
    /// The thread's number in its pool: that of its scratch space.
    package let index: Int
    /// How many threads work in parts can be shared among, idle or not.
    package let threads: Int
    private let crew: Crew?
    private let wake: @Sendable () -> Void

    /// A thread without a pool.
    package static let alone = Worker(index: 0, threads: 1, crew: nil, wake: {})

    init(index: Int, threads: Int, crew: Crew?, wake: @escaping @Sendable () -> Void) {
        self.index = index
        self.threads = threads
        self.crew = crew
        self.wake = wake
    }

    /// Lets idle threads help with what `body` shares.
    package func withHelp<R>(_ body: () -> R) -> R {
        guard let crew, threads > 1 else { return body() }
        crew.open()
        defer { crew.close() }
        wake()
        return body()
    }

    /// Runs the parts `0 ..< count` of `work`, here and, inside ``withHelp(_:)``, on idle threads. Returns when all are
    /// done.
    package func share(_ count: Int, _ work: any SharedWork) {
        if count > 1, let crew { return crew.share(count, work, worker: index) }
        for part in 0..<count { work.run(part: part, worker: index) }
    }
}
