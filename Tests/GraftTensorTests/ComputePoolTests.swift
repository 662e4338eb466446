import Foundation
import GraftTensor
import Synchronization
import Testing

@Suite struct ComputePoolTests {
    @Test func runsWorkOnItsThreadsAndReturnsTheResult() async throws {
        let pool = ComputePool(threads: 2, queueLimit: 100)
        let workers = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<50 { group.addTask { try await pool.run { worker in worker.index } } }
            return try await group.reduce(into: Set<Int>()) { $0.insert($1) }
        }
        #expect(workers.isSubset(of: [0, 1]))
        await pool.stop()
    }

    @Test func passesErrorsOn() async {
        struct Failure: Error, Equatable {}
        let pool = ComputePool(threads: 1, queueLimit: 0)
        await #expect(throws: Failure()) { try await pool.run { _ in throw Failure() } }
    }

    @Test func oneThreadKeepsTheOrderOfArrival() async throws {
        let pool = ComputePool(threads: 1, queueLimit: 20)
        let seen = Recorder()
        let gate = Gate()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await pool.run { _ in gate.wait() } }
            try await until { pool.outstanding == 1 }
            for i in 0..<20 {
                group.addTask { try await pool.run { _ in seen.append(i) } }
                // The next is submitted only when this one waits, so that the order of arrival is known.
                try await until { pool.queued == i + 1 }
            }
            gate.open()
            try await group.waitForAll()
        }
        #expect(seen.values == Array(0..<20))
    }

    @Test func refusesWorkPastTheQueueLimit() async throws {
        let pool = ComputePool(threads: 1, queueLimit: 2)
        let gate = Gate()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for i in 1...3 {
                group.addTask { try await pool.run { _ in gate.wait() } }
                try await until { pool.outstanding == i }
            }
            #expect(pool.queued == 2)
            await #expect(throws: ComputePoolError.queueFull(limit: 2)) { try await pool.run { _ in } }
            gate.open()
            try await group.waitForAll()
        }
        // Room again.
        #expect(try await pool.run { _ in 7 } == 7)
    }

    @Test func anAnswerMakesRoomForTheNextQuestion() async throws {
        let pool = ComputePool(threads: 1, queueLimit: 0)
        for i in 0..<1000 { #expect(try await pool.run { _ in i } == i) }
    }

    @Test func stoppingFinishesWhatWaitsAndRefusesTheRest() async throws {
        let pool = ComputePool(threads: 2, queueLimit: 10)
        let seen = Recorder()
        let gate = Gate()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for i in 0..<6 {
                group.addTask {
                    try await pool.run { _ in
                        gate.wait()
                        seen.append(i)
                    }
                }
            }
            try await until { pool.queued == 4 }
            group.addTask {
                await pool.stop()
                #expect(Set(seen.values) == Set(0..<6))
            }
            try await until { pool.isStopped }
            gate.open()
            try await group.waitForAll()
        }
        await #expect(throws: ComputePoolError.stopped) { try await pool.run { _ in } }
        // A second stop finds nothing to wait for.
        await pool.stop()
    }
}

private func until(_ condition: () -> Bool) async throws {
    while !condition() { try await Task.sleep(for: .milliseconds(1)) }
}

private final class Recorder: Sendable {
    private let recorded = Mutex<[Int]>([])
    var values: [Int] { recorded.withLock { $0 } }
    func append(_ value: Int) { recorded.withLock { $0.append(value) } }
}

/// Holds compute threads until it is opened.
private final class Gate: Sendable {
    private let opened = DispatchSemaphore(value: 0)
    func open() { opened.signal() }
    func wait() {
        opened.wait()
        opened.signal()
    }
}
