import Foundation
import GRDB
import GraftAPI
import GraftService
import Testing

/// A store that takes a change, and then cannot be read.
@Suite struct FailedReadTests {
    /// Names of labels cannot be read while there are as many samples as `limit` says: the change that makes them as many
    /// is durable, and what follows it fails.
    private func arrange(_ running: RunningService) async throws {
        try await running.restart { store in
            try await store.write { db in
                try db.execute(
                    sql: """
                        INSERT INTO settings VALUES ('limit', 1000000);
                        ALTER TABLE labels RENAME TO real_labels;
                        CREATE VIEW labels AS SELECT id, merged_into, CASE WHEN (SELECT count(*) FROM samples)
                            >= (SELECT value FROM settings WHERE key = 'limit') THEN json('{') ELSE name END AS name
                            FROM real_labels;
                        """)
            }
        }
    }

    private func set(limit: Int, _ running: RunningService) throws {
        let database = try DatabaseQueue(path: "\(running.configuration.state)/graftd.sqlite")
        try database.write {
            try $0.execute(sql: "UPDATE settings SET value = ? WHERE key = 'limit'", arguments: [limit])
        }
        try database.close()
    }

    @Test func aChangeThatCouldNotBeFollowedIsLearnedFromTheDisk() async throws {
        let running = try await RunningService()
        try await running.install(seed: 1, as: "lite")
        for seed in 0..<4 as Range<UInt64> {
            for kind in 0..<3 { try await running.teach(picture(kind, seed), "kind \(kind)") }
        }
        try await arrange(running)
        try set(limit: 13, running)
        let error = await #expect(throws: Problem.self) { try await running.teach(picture(0, 50), "kind 0") }
        #expect(error?.kind == .storeFailed)
        // It goes on answering by what it had learned.
        let before = try await running.service.classify(picture(1, 60), top: 3)
        #expect(before.model.revision == 12)

        try set(limit: 1_000_000, running)
        var revision = 12
        for _ in 0..<500 where revision == 12 {
            try await Task.sleep(for: .milliseconds(20))
            revision = await running.service.status().model.revision
        }
        #expect(revision == 13, "it has caught up by itself")
        let status = await running.service.status()
        #expect(status.samples == 13 && status.learnedSamples == 13)
        // Whoever sends it again hears that it is known, and what comes next is learned on top.
        let again = try await running.service.teach(
            picture(0, 50), Teaching(label: "kind 0", group: nil, relabel: false))
        #expect(!again.isNew)
        try await running.teach(picture(2, 70), "kind 2")
        let after = try await running.service.classify(picture(1, 61), top: 3)
        try await running.restart()
        #expect(await running.service.examine().isHealthy)
        let restarted = try await running.service.classify(picture(1, 61), top: 3)
        #expect(restarted.top == after.top && restarted.model == after.model)
        await running.service.stop()
    }
}
