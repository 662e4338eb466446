import Foundation
import GraftStore
import TestSupport
import Testing

@Suite struct StoreFullDiskTests {
    @Test func aFullDiskIsATypedErrorAndLosesNothingAcknowledged() async throws {
        guard let disk = try SmallDisk(bytes: 1 << 20) else { return }
        let state = "\(disk.path)/state"
        var acknowledged: [String] = []
        do {
            let store = try Store(folder: state, access: .writer)
            let error = await #expect(throws: StoreError.self) {
                // 1,280 features take 2,560 bytes, so 1 MiB is full long before the last.
                for number in 0..<1000 {
                    let outcome = try await store.teach([
                        newSample("cat", number, features: [Int16](repeating: 1, count: 1280))
                    ]).outcomes[0]
                    guard case .stored(let id, _) = outcome else { throw Unexpected(outcome: outcome) }
                    acknowledged.append(id)
                }
            }
            #expect(error == .diskFull(folder: state))
            #expect(!acknowledged.isEmpty)
            let found = try await store.samples(label: nil, after: 0, limit: 1000).map(\.id)
            #expect(found == acknowledged)
            try? store.close()
        }
        let store = try Store(folder: state, access: .writer)
        #expect(try await store.samples(label: nil, after: 0, limit: 1000).map(\.id) == acknowledged)
        #expect(try await store.lastChange() == Int64(acknowledged.count))
    }

    @Test func aReadOnlyFolderIsAnErrorThatNamesIt() throws {
        guard let disk = try SmallDisk(bytes: 1 << 20) else { return }
        guard disk.makeReadOnly() else {
            print("skipped: the small disk cannot be made read-only")
            return
        }
        let error = #expect(throws: StoreError.self) { try Store(folder: disk.path, access: .writer) }
        guard case .notWritable(disk.path, _) = error else {
            Issue.record("found \(String(describing: error))")
            return
        }
    }
}
