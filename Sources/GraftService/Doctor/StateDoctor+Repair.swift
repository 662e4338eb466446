import Foundation
import GraftAPI
import GraftLearning
import GraftStore

/// What can be repaired from what is left.
extension StateDoctor {
    /// Repairs what is wrong, and looks again. What was repaired comes first, then what there is now.
    package func repair() async -> Examination {
        guard !inUse else {
            var examination = examine()
            examination.findings.insert(
                Finding("lock", .problem, "a daemon uses the folder, so nothing is repaired", remedy: Self.repairHint),
                at: 0)
            return examination
        }
        var done: [Finding] = []
        func attempt(_ subject: String, _ body: () async throws -> [String]) async {
            do {
                done += try await body().map { Finding(subject, .repaired, $0) }
            } catch {
                done.append(
                    Finding(subject, .problem, "it could not be repaired: \(error)", remedy: "restore a backup"))
            }
        }
        await attempt("files") { try removeTemporaryFiles() }
        await attempt("database") { try repairDatabase() }
        let database = DatabaseExamination(folder: state)
        if database.isReadable, !database.versions.isEmpty || !database.samples.isEmpty || !database.wrongCounts.isEmpty
        {
            await attempt("versions") { try await markLostVersions(database) }
            if !database.wrongCounts.isEmpty { await attempt("samples") { try await correctCounts(database) } }
            if statistics(database).severity == .problem {
                await attempt("statistics") { try await learnAgain(database) }
            }
        }
        await attempt("permissions") { try correctPermissions() }
        var examination = examine()
        examination.findings = done + examination.findings
        return examination
    }

    private func removeTemporaryFiles() throws -> [String] {
        try temporaryFiles().map { path in
            try FileManager.default.removeItem(atPath: "\(state)/\(path)")
            return "removed \(path)"
        }
    }

    private func repairDatabase() throws -> [String] {
        let found = DatabaseExamination(folder: state)
        switch found.failure {
        case nil: guard !found.damage.isEmpty else { return [] }
        case .corrupt: break
        case .some: return []
        }
        switch try DatabaseRepair(folder: state).repair() {
        case .reindexed: return ["made the indexes of the database again: every row is there"]
        case .salvaged(let report):
            var words = [
                "salvaged \(report.samples) samples into a new database; the damaged one is kept as \(report.keptAside)"
            ]
            if let lost = report.lostSamples, lost > 0 {
                words.append("\(lost) samples could not be read, and are lost")
            }
            if !report.renamedLabels.isEmpty {
                words.append(
                    "the names of these labels are lost: \(report.renamedLabels.joined(separator: ", ")); rename them "
                        + "with `graftctl labels`")
            }
            return words
        }
    }

    private func markLostVersions(_ database: DatabaseExamination) async throws -> [String] {
        let damaged = damagedVersions(database)
        guard !damaged.isEmpty else { return [] }
        let store = try Store(folder: state, access: .writer)
        defer { try? store.close() }
        var words: [String] = []
        for (version, path, isGone) in damaged {
            let active = try await store.noteLostWeights(of: version.number)
            if !isGone { try FileManager.default.moveItem(atPath: path, toPath: path + Self.damagedSuffix) }
            let answers = active == 0 ? "the analytic head" : "version \(active)"
            words.append(
                "marked version \(version.number) as lost"
                    + (version.number == database.activeVersion ? "; \(answers) answers in its place" : ""))
        }
        return words
    }

    private func correctCounts(_ database: DatabaseExamination) async throws -> [String] {
        let store = try Store(folder: state, access: .writer)
        defer { try? store.close() }
        try await store.correctCounts()
        return database.wrongCounts.map { "counted \($0.name) again: \($0.found)" }
    }

    private func learnAgain(_ database: DatabaseExamination) async throws -> [String] {
        let store = try Store(folder: state, access: .writer)
        defer { try? store.close() }
        // A start learns from the samples what is not saved, for whichever backbone it loads.
        for fingerprint in database.samples.keys { try await store.dropStatistics(fingerprint: fingerprint) }
        return ["dropped what was learned: the next start learns it again from the samples"]
    }

    private func correctPermissions() throws -> [String] {
        var folder = stat()
        guard stat(state, &folder) == 0 else { return [] }
        let wrong = misplacedPermissions()
        // Root repairs for whoever the daemon runs as.
        if geteuid() == 0 { for path in everything() { _ = lchown(path, folder.st_uid, folder.st_gid) } }
        return try wrong.map { name in
            let path = name == state ? state : "\(state)/\(name)"
            var entry = stat()
            guard lstat(path, &entry) == 0, chmod(path, entry.st_mode & 0o770) == 0 else {
                throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO)
            }
            return "only the service and its group can read \(name) now"
        }
    }

    private func everything() -> [String] {
        let names = FileManager.default.enumerator(atPath: state)?.compactMap { $0 as? String } ?? []
        return names.map { "\(state)/\($0)" }
    }
}
