import GraftTensor
import Synchronization
import Testing

@Suite struct CrewTests {
    /// Counts how often each part was computed, and by whom.
    private final class Counting: SharedWork, Sendable {
        let counts: [Count]
        let workers = Mutex(Set<Int>())
        /// Whether the thread that began waits for another one to have a part.
        let waitsForHelp: Bool

        final class Count: Sendable { let value = Atomic(0) }

        init(parts: Int, waitsForHelp: Bool = false) {
            counts = (0..<parts).map { _ in Count() }
            self.waitsForHelp = waitsForHelp
        }

        func run(part: Int, worker: Int) {
            counts[part].value.add(1, ordering: .relaxed)
            workers.withLock { _ = $0.insert(worker) }
            var looks = 0
            while waitsForHelp && workers.withLock({ $0.count }) < 2 && looks < 100_000_000 { looks += 1 }
        }

        var areDoneOnce: Bool { counts.allSatisfy { $0.value.load(ordering: .relaxed) == 1 } }
    }

    @Test(arguments: [1, 2, 3, 5], [0, 1, 2, 7, 64])
    func everyPartIsComputedOnce(threads: Int, parts: Int) async throws {
        let pool = ComputePool(threads: threads, queueLimit: 0)
        for _ in 0..<50 {
            let work = Counting(parts: parts)
            try await pool.run { worker in worker.withHelp { worker.share(parts, work) } }
            #expect(work.areDoneOnce)
        }
        await pool.stop()
    }

    @Test func idleThreadsHelp() async throws {
        let pool = ComputePool(threads: 2, queueLimit: 0)
        let work = Counting(parts: 8, waitsForHelp: true)
        try await pool.run { worker in worker.withHelp { worker.share(8, work) } }
        #expect(work.areDoneOnce && work.workers.withLock { $0 } == [0, 1])
        await pool.stop()
    }

    /// A thread that helps has to leave when there is work of its own, or that would wait for a stranger's to end.
    @Test func aHelperBeginsWorkThatArrives() async throws {
        let pool = ComputePool(threads: 2, queueLimit: 0)
        let begun = Flag()
        async let first: Bool = pool.run { worker in
            worker.withHelp {
                for _ in 0..<10_000_000 where !begun.isSet { worker.share(4, Counting(parts: 4)) }
            }
            return begun.isSet
        }
        async let second: Void = pool.run { _ in begun.set() }
        _ = try await second
        #expect(try await first)
        await pool.stop()
    }

    @Test func aloneThereAreNoOthers() {
        let work = Counting(parts: 5)
        Worker.alone.withHelp { Worker.alone.share(5, work) }
        #expect(work.areDoneOnce && work.workers.withLock { $0 } == [0])
    }

    private final class Flag: Sendable {
        private let value = Atomic(false)
        var isSet: Bool { value.load(ordering: .acquiring) }
        func set() { value.store(true, ordering: .releasing) }
    }
}
