import Foundation
import GraftAPI
import GraftCheckpoint
import GraftLearning
import GraftStore

/// Looks at a state folder, beside the daemon that uses it or while none does, and repairs what can be repaired from what is
/// left.
///
/// It waits for the disk and for sums over all samples: it belongs on a thread that may.
package struct StateDoctor {
    let state: String
    /// Whether a daemon uses the folder: what is half done there is its business.
    let inUse: Bool

    static let repairHint = "stop the daemon, then run `graftctl doctor --repair`"

    package init(state: String, inUse: Bool? = nil) {
        self.state = state
        self.inUse = inUse ?? Store.isInUse(folder: state)
    }

    /// What is there, and what is wrong with it. Nothing is changed.
    package func examine() -> Examination {
        guard let folder = folder() else {
            return Examination(
                state: state, inUse: false,
                findings: [
                    Finding(
                        "folder", .problem, "there is no folder '\(state)'",
                        remedy: "name the state folder with --state, or start graftd, which makes it")
                ])
        }
        var findings = [folder, space(), inUse ? Finding("lock", .good, "a daemon uses the folder") : freeLock]
        findings += permissions()
        let database = DatabaseExamination(folder: state)
        findings += self.findings(in: database)
        findings += backbones(database)
        if database.isReadable, hasDatabase {
            findings += versions(database)
            findings.append(statistics(database))
        }
        if !inUse { findings += leftovers() }
        return Examination(state: state, inUse: inUse, findings: findings)
    }

    private var hasDatabase: Bool { FileManager.default.fileExists(atPath: "\(state)/graftd.sqlite") }

    private var freeLock: Finding { Finding("lock", .good, "no daemon uses the folder") }

    // MARK: The folder

    private func folder() -> Finding? {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: state, isDirectory: &isFolder), isFolder.boolValue else {
            return nil
        }
        guard !isReadOnly else {
            return Finding(
                "folder", .problem, "'\(state)' is on a file system that is mounted read-only: nothing can be taught",
                remedy: "see the kernel's log for why, then mount it for writing: mount -o remount,rw")
        }
        return Finding("folder", .good, "'\(state)' is there")
    }

    private var isReadOnly: Bool {
        var status = statvfs()
        return statvfs(state, &status) == 0 && UInt(status.f_flag) & UInt(ST_RDONLY) != 0
    }

    /// Below this much free space nothing may be learned soon.
    private static let scarceBytes = 64 << 20

    private func space() -> Finding {
        var status = statvfs()
        guard statvfs(state, &status) == 0 else {
            return Finding("space", .problem, "the disk cannot be asked: \(String(cString: strerror(errno)))")
        }
        let free = Int(status.f_bavail) * Int(status.f_frsize)
        let words = "\(free >> 20) MiB are free on the disk of the state"
        guard free < Self.scarceBytes else { return Finding("space", .good, words) }
        let isFull = free < 1 << 20
        return Finding(
            "space", isFull ? .problem : .note, words,
            remedy: "free some space; latents go first by themselves, kept images with keep: none or a lower keepLimit")
    }

    /// Files that others may read, or that belong to somebody else than the folder.
    private func permissions() -> [Finding] {
        let wrong = misplacedPermissions()
        guard !wrong.isEmpty else {
            return [Finding("permissions", .good, "only the service and its group can read it")]
        }
        return [
            Finding(
                "permissions", .problem,
                "\(Self.list(wrong)) can be read by other users, or belong to another user than the folder",
                remedy: Self.repairHint)
        ]
    }

    /// Paths, relative to the state.
    func misplacedPermissions() -> [String] {
        var folder = stat()
        guard stat(state, &folder) == 0 else { return [] }
        let names = ["graftd.sqlite", "graftd.sqlite-wal", "graftd.sqlite-shm", "versions", "backbones"]
        return ([""] + names).filter { name in
            var entry = stat()
            guard lstat(name.isEmpty ? state : "\(state)/\(name)", &entry) == 0 else { return false }
            // Whoever may enter the folder finds nothing there that he may read.
            let isOpen = !name.isEmpty && entry.st_mode & 0o007 != 0
            return isOpen || entry.st_uid != folder.st_uid
        }.map { $0.isEmpty ? state : $0 }
    }

    /// The first few of `names`.
    static func list(_ names: [String]) -> String {
        let shown = names.prefix(5).joined(separator: ", ")
        return names.count > 5 ? "\(shown) and \(names.count - 5) more" : shown
    }

    // MARK: The database

    private func findings(in database: DatabaseExamination) -> [Finding] {
        if let failure = database.failure {
            let isNewer = failure == .newerSchema(folder: state)
            return [
                Finding(
                    isNewer ? "schema" : "database", .problem, "\(failure)", remedy: isNewer ? nil : Self.repairHint)
            ]
        }
        guard hasDatabase else {
            return [Finding("database", .note, "there is no database yet: the first start makes it")]
        }
        guard database.damage.isEmpty else {
            return [
                Finding(
                    "database", .problem, "the database is damaged: \(database.damage.joined(separator: "; "))",
                    remedy: "restore a backup, or \(Self.repairHint), which keeps every sample that can be read")
            ]
        }
        var findings = [Finding("database", .good, "every page and index of the database is whole")]
        if database.isOlderSchema {
            return findings + [Finding("schema", .note, "an older graftd wrote it: the next start brings it forward")]
        }
        findings.append(Finding("schema", .good, "its tables are those of this version"))
        findings += database.wrongCounts.map { wrong in
            Finding(
                "samples", .problem, "\(wrong.name) is noted as \(wrong.noted), and \(wrong.found) are there",
                remedy: Self.repairHint)
        }
        if database.misshapenSamples > 0 {
            findings.append(
                Finding(
                    "samples", .problem, "\(database.misshapenSamples) samples have features of a wrong length",
                    remedy: "forget them, or restore a backup"))
        } else {
            findings.append(Finding("samples", .good, "\(database.samples.values.reduce(0, +)) samples are there"))
        }
        return findings
    }
}

extension DatabaseExamination {
    /// Whether rows can be trusted to be what they were.
    var isReadable: Bool { failure == nil && damage.isEmpty && !isOlderSchema }
}
