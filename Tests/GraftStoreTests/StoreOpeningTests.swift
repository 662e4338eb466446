import Foundation
import GRDB
import Testing

import GraftStore

@Suite struct StoreOpeningTests {
    @Test func whatWasAcknowledgedIsThereAfterOpeningAgain() async throws {
        let state = try TemporaryState()
        let id: String
        do {
            let store = try state.open()
            id = try await store.taught("cat", 1)
            _ = try await store.version(knowing: [id])
            try store.close()
        }
        let store = try state.open()
        #expect(try await store.sample(id).label == "cat")
        #expect(try await store.activeVersion() == 1)
        #expect(try await store.lastChange() == 1)
    }

    @Test func everyCommitWaitsForTheDisk() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        let synchronous = try await store.write { try Int.fetchOne($0, sql: "PRAGMA synchronous") }
        // 2 is FULL (sqlite.org/pragma.html#pragma_synchronous).
        #expect(synchronous == 2)
    }

    @Test func theFileIsAWriteAheadLogWithIncrementalVacuum() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        let (journal, vacuum) = try await store.read {
            (
                try String.fetchOne($0, sql: "PRAGMA journal_mode"),
                // 2 is INCREMENTAL (sqlite.org/pragma.html#pragma_auto_vacuum).
                try Int.fetchOne($0, sql: "PRAGMA auto_vacuum")
            )
        }
        #expect(journal == "wal" && vacuum == 2)
    }

    @Test func aSecondWriterIsRefusedWithTheFolderAndTheProcess() throws {
        let state = try TemporaryState()
        let first = try state.open()
        #expect(throws: StoreError.alreadyOpen(folder: state.path, pid: "\(getpid())")) { try state.open() }
        #expect("\(StoreError.alreadyOpen(folder: state.path, pid: "1"))".contains(state.path))
        withExtendedLifetime(first) {}
    }

    @Test func aReaderWorksBesideTheWriterAndSeesItsChanges() async throws {
        let state = try TemporaryState()
        let writer = try state.open()
        let reader = try state.open(.reader)
        let id = try await writer.taught("cat", 1)
        #expect(try await reader.sample(id).label == "cat")
        await #expect(throws: StoreError.self) { try await reader.forget(id) }
    }

    @Test func closingGivesTheFolderFree() throws {
        let state = try TemporaryState()
        let first = try state.open()
        try first.close()
        let second = try state.open()
        try second.close()
        withExtendedLifetime(first) {}
    }

    @Test func aNewerSchemaIsRefused() async throws {
        let state = try TemporaryState()
        do {
            let store = try state.open()
            try await store.write { try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('from the future')") }
            try store.close()
        }
        #expect(throws: StoreError.newerSchema(folder: state.path)) { try state.open() }
        #expect(throws: StoreError.newerSchema(folder: state.path)) { try state.open(.reader) }
    }

    @Test(arguments: ["no database at all, but long enough to have a header of one hundred bytes".utf8.map { $0 }])
    func aDamagedFileIsAnErrorThatSaysSo(start: [UInt8]) throws {
        let state = try TemporaryState()
        try FileManager.default.createDirectory(atPath: state.path, withIntermediateDirectories: true)
        let bytes = start + [UInt8](repeating: 120, count: 8192)
        try Data(bytes).write(to: URL(filePath: state.database))
        let error = #expect(throws: StoreError.self) { try state.open() }
        guard case .corrupt(state.path, _) = error else {
            Issue.record("found \(String(describing: error))")
            return
        }
    }

    @Test func aCopyOfTheFilesAsAPowerCutLeavesThemHoldsWhatWasAcknowledged() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        let ids = [try await store.taught("cat", 1), try await store.taught("dog", 2)]
        let copy = try TemporaryState()
        try FileManager.default.createDirectory(atPath: copy.path, withIntermediateDirectories: true)
        // Without the shared-memory file: it does not outlive a crash, and is made again from the log.
        for suffix in ["", "-wal"] {
            try FileManager.default.copyItem(atPath: state.database + suffix, toPath: copy.database + suffix)
        }
        let recovered = try copy.open()
        #expect(try await recovered.samples(label: nil, after: 0, limit: 10).map(\.id) == ids)
        #expect(try await recovered.lastChange() == 2)
    }

    @Test func workLeftByAKilledDaemonIsEnded() async throws {
        let state = try TemporaryState()
        do {
            let store = try state.open()
            try await store.beginJob(id: "job", request: "{}")
            _ = try await store.version(publish: false)
            try store.close()
        }
        let store = try state.open()
        #expect(try await store.jobCounts() == ["failed": 1])
        #expect(try await store.version(1).state == .rejected)
    }

    @Test func onlyTheServiceAndItsGroupMayReadTheFiles() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        _ = try await store.taught("cat", 1)
        #expect(try mode(state.path) == 0o700)
        // A stricter umask may take more away, so only what others may do is checked.
        #expect(try mode(state.database) & 0o007 == 0)
        let log = try mode(state.database + "-wal")
        #expect(log & 0o007 == 0)
    }
}
