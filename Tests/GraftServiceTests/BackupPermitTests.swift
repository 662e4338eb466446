import GraftAPI
import GraftService
import Testing

/// One backup is made at a time, for each takes as much disk as the database.
@Suite struct BackupPermitTests {
    @Test func theNextOneMayBeginWhenAllOfOneHasBeenRead() async throws {
        let running = try await RunningService()
        let first = try await running.service.backup()
        let error = await #expect(throws: Problem.self) { _ = try await running.service.backup() }
        #expect(error?.kind == .busy)
        var byteCount = 0
        while byteCount < first.byteCount { byteCount += try #require(try await first.next()).count }
        // Whoever has received the whole of it need not know what else is done with it.
        let second = try await running.service.backup()
        #expect(try await first.next() == nil)
        #expect(second.byteCount == first.byteCount && byteCount == first.byteCount)
        await running.service.stop()
    }
}
