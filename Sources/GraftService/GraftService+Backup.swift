import Foundation
import GraftAPI
import GraftStore
import Synchronization

extension GraftService {
    /// Everything that is kept, as it is now, as one archive. Requests are answered, and taught, meanwhile.
    ///
    /// - Throws: `Problem` of kind `busy` while another one is sent, `store-full`, or `store-failed`.
    package func backup() async throws(Problem) -> StateBackup {
        guard let permit = BackupPermit(backups) else {
            throw Problem(.busy, detail: "another backup is being sent: wait for its end")
        }
        return try await storing {
            do {
                return try await Task.detached { [store] in
                    try await BackupThread.shared.make(store, program: Self.programVersion, permit)
                }.value
            } catch let error as POSIXError {
                throw Problem(.storeFailed, detail: "the state cannot be read: \(error.localizedDescription)")
            }
        }
    }
}

/// Makes backups where waiting for the disk holds nobody up.
private actor BackupThread {
    static let shared = BackupThread()
    nonisolated var unownedExecutor: UnownedSerialExecutor { StateBackup.executor.asUnownedSerialExecutor() }

    func make(_ store: Store, program: String, _ permit: BackupPermit) throws -> StateBackup {
        try StateBackup(store: store, program: program, permit: permit)
    }
}

/// Whether a backup is being sent.
final class BackupCount: Sendable {
    fileprivate let isBusy = Atomic(false)
}

/// The right to make the one backup at a time, while the value lives: each needs as much disk as the database.
final class BackupPermit: Sendable {
    private let count: BackupCount

    init?(_ count: BackupCount) {
        guard !count.isBusy.exchange(true, ordering: .acquiring) else { return nil }
        self.count = count
    }

    deinit { count.isBusy.store(false, ordering: .releasing) }
}
