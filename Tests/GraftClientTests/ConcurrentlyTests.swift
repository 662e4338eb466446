import GraftClient
import Synchronization
import Testing

@Suite struct ConcurrentlyTests {
    private struct Stop: Error {}

    @Test(arguments: [1, 3, 50]) func everyItemIsWorkedOnOnce(jobs: Int) async throws {
        let inFlight = Mutex((now: 0, most: 0))
        var results = [Int: Int]()
        try await concurrently(Array(0..<20), jobs: jobs) { item in
            inFlight.withLock {
                $0.now += 1
                $0.most = max($0.most, $0.now)
            }
            await Task.yield()
            inFlight.withLock { $0.now -= 1 }
            return item * item
        } receive: { index, result in
            #expect(results.updateValue(result, forKey: index) == nil)
        }
        #expect(results == Dictionary(uniqueKeysWithValues: (0..<20).map { ($0, $0 * $0) }))
        #expect(inFlight.withLock { $0.most } <= jobs)
    }

    @Test func anErrorOfTheReceiverEndsIt() async {
        let begun = Mutex(0)
        await #expect(throws: Stop.self) {
            try await concurrently(Array(0..<100), jobs: 2) { _ in
                begun.withLock { $0 += 1 }
            } receive: { index, _ in
                throw Stop()
            }
        }
        // The two that were in flight, and the one that took the place of the first to end.
        #expect(begun.withLock { $0 } <= 3)
    }
}
