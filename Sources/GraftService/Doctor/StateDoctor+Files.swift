import Foundation
import GraftAPI
import GraftCheckpoint
import GraftStore

/// The files beside the database.
extension StateDoctor {
    // MARK: Backbones

    func backbones(_ database: DatabaseExamination) -> [Finding] {
        let folder = BackboneFolder(state: state)
        let names = folder.names()
        var findings: [Finding] = []
        var present: Set<String> = []
        for name in names {
            do {
                let file = try SafetensorsFile(path: folder.path(of: name))
                try file.verifyFingerprint()
                let fingerprint = try file.backboneMetadata().fingerprint
                present.insert(fingerprint)
                findings.append(
                    Finding(
                        "backbones", .good,
                        "'\(name)' is whole (\(fingerprint.prefix(12))), \(database.samples[fingerprint] ?? 0) samples")
                )
            } catch {
                findings.append(
                    Finding(
                        "backbones", .problem, "'\(name)' cannot be used: \(error)",
                        remedy: "import it again with `graftctl backbone import`: the samples stay"))
            }
        }
        if names.isEmpty {
            findings.append(
                Finding(
                    "backbones", .note, "there is none yet", remedy: "bring one with `graftctl backbone import FILE`"))
        }
        for (fingerprint, count) in database.samples.sorted(by: { $0.key < $1.key })
        where count > 0 && !present.contains(fingerprint) {
            findings.append(
                Finding(
                    "backbones", .note,
                    "\(count) samples are of a backbone that is not here whole (\(fingerprint.prefix(12)))",
                    remedy: "import that backbone again to learn from them"))
        }
        return findings
    }

    // MARK: Versions

    /// Versions whose files are not what the database says of them.
    func damagedVersions(_ database: DatabaseExamination) -> [(version: StoredVersion, path: String, isGone: Bool)] {
        database.versions.filter(\.hasWeights).compactMap { version in
            let path = StateFiles.version(version.number, state: state)
            guard FileManager.default.fileExists(atPath: path) else { return (version, path, true) }
            let found = try? MappedFile(path: path, byteLimit: Configuration.backboneLimit).digest().description
            return found == version.digest ? nil : (version, path, false)
        }
    }

    func versions(_ database: DatabaseExamination) -> [Finding] {
        let damaged = damagedVersions(database)
        var findings = damaged.map { version, path, isGone in
            let what = isGone ? "is gone" : "is damaged: its SHA-256 is another one than when it was written"
            let role = version.number == database.activeVersion ? ", the one that is to answer," : ""
            return Finding(
                "versions", .problem, "the file of version \(version.number)\(role) \(what) (\(path))",
                remedy: "restore it from a backup, or \(Self.repairHint), which lets the version before it answer")
        }
        if damaged.isEmpty {
            let kept = database.versions.count(where: \.hasWeights)
            findings.append(Finding("versions", .good, "the files of all \(kept) versions with weights are whole"))
        }
        let known = Set(database.versions.filter(\.hasWeights).map { "\($0.number).safetensors" })
        let unknown = Self.names(in: "\(state)/versions").filter {
            !known.contains($0) && !Self.isTemporary($0) && !$0.hasSuffix(Self.damagedSuffix)
        }
        if !unknown.isEmpty {
            findings.append(
                Finding(
                    "files", .note, "no version is known of these files in versions/: \(Self.list(unknown))",
                    remedy: "move them elsewhere if you do not know them"))
        }
        return findings
    }

    static let damagedSuffix = ".damaged"

    // MARK: What kills leave behind

    func leftovers() -> [Finding] {
        let paths = temporaryFiles()
        guard !paths.isEmpty else { return [Finding("files", .good, "nothing half written is left")] }
        return [
            Finding(
                "files", .problem, "half written files are left: \(Self.list(paths))",
                remedy: "start graftd, or run `graftctl doctor --repair`, which removes them")
        ]
    }

    /// Files that nobody finishes any more, relative to the state.
    func temporaryFiles() -> [String] {
        let backbones = Self.names(in: "\(state)/backbones")
        let folders = ["", "versions", "backbones"] + backbones.map { "backbones/\($0)" }
        return folders.flatMap { folder in
            Self.names(in: "\(state)/\(folder)").filter(Self.isTemporary).map {
                folder.isEmpty ? $0 : "\(folder)/\($0)"
            }
        }.sorted()
    }

    private static func isTemporary(_ name: String) -> Bool {
        ["candidate-", ".incoming-", ".import-", "salvage.tmp"].contains(where: name.hasPrefix)
            || name.hasPrefix(".") && name.hasSuffix(".tmp")
    }

    static func names(in folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
    }
}
