import Foundation
import GRDB

extension Store {
    /// Notes that a training job runs.
    package func beginJob(id: String, request: String) async throws(StoreError) {
        try await write { db in
            try db.execute(
                sql: "INSERT INTO jobs (id, state, request, started) VALUES (?, 'running', ?, ?)",
                arguments: [id, request, Date().milliseconds])
        }
    }

    /// Notes how a training job ended.
    package func endJob(id: String, state: String, error: String?, version: Int64?) async throws(StoreError) {
        try await write { db in
            try db.execute(
                sql: "UPDATE jobs SET state = ?, finished = ?, error = ?, version = ? WHERE id = ?",
                arguments: [state, Date().milliseconds, error, version, id])
        }
    }

    /// How many jobs ended in each state.
    package func jobCounts() async throws(StoreError) -> [String: Int] {
        try await read { db in
            try Row.fetchAll(db, sql: "SELECT state, count(*) AS jobs FROM jobs GROUP BY state")
                .reduce(into: [:]) { $0[$1["state"]] = $1["jobs"] }
        }
    }
}
