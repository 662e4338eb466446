import Foundation
import GraftAPI
import GraftCheckpoint
import GraftNetwork
import Glibc
import Synchronization

/// The canonical backbone files of a state folder, `backbones/<name>/backbone.safetensors`.
struct BackboneFolder: Sendable {
    private let folder: URL
    private let latents: LatentSettings

    init(state: String, latents: LatentSettings = LatentSettings()) {
        folder = URL(filePath: state).appending(path: "backbones")
        self.latents = latents
    }

    /// The names that have a file, the newest first.
    func names() -> [String] {
        let entries = (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)) ?? []
        return entries.map(\.lastPathComponent)
            .filter { Self.isName($0) }
            .compactMap { name in modified(name).map { (name, $0) } }
            .sorted { ($0.1, $0.0) > ($1.1, $1.0) }
            .map(\.0)
    }

    /// The backbone called `name`, with every byte checked against its fingerprint, folded and packed.
    ///
    /// - Throws: `Problem` of kind `unknown-backbone` or `bad-backbone`.
    func load(_ name: String) throws(Problem) -> LoadedBackbone { try load(file(name).path, name: name) }

    private func load(_ path: String, name: String) throws(Problem) -> LoadedBackbone {
        guard FileManager.default.fileExists(atPath: path) else {
            throw Problem(
                .unknownBackbone,
                detail: "there is no backbone '\(name)'; `graftctl backbone list` shows those there are")
        }
        do {
            let file = try SafetensorsFile(path: path)
            try file.verifyFingerprint()
            return try LoadedBackbone(file, latents)
        } catch let error as CutError {
            throw Problem(.badBackbone, detail: "backbone '\(name)' cannot be loaded: \(error)")
        } catch {
            throw Problem(
                .badBackbone,
                detail: "the file of backbone '\(name)' cannot be used: \(error); import it again with "
                    + "`graftctl backbone import`")
        }
    }

    /// What the file of `name` says of itself, from its header alone; nil where it cannot be read.
    func describe(_ name: String) -> BackboneRecord? {
        guard let file = try? SafetensorsFile(path: file(name).path),
            let metadata = try? BackboneMetadata(file.metadata),
            let architecture = try? Architecture(metadata)
        else { return nil }
        return BackboneRecord(
            name: name, architecture: architecture.name, fingerprint: metadata.fingerprint,
            featureCount: architecture.featureCount,
            parameterCount: architecture.parameters.reduce(0) { $0 + $1.shape.reduce(1, *) },
            imageSide: architecture.preprocessing.cropSide, loaded: false)
    }

    /// The file of the backbone with this fingerprint, and the length of its features; nil where there is none, or none that
    /// can be read.
    func file(ofFingerprint fingerprint: String) -> (SafetensorsFile, featureCount: Int)? {
        for name in names() {
            guard let record = describe(name), record.fingerprint == fingerprint,
                let file = try? SafetensorsFile(path: file(name).path),
                // It may have been replaced in between.
                file.metadata["fingerprint"] == fingerprint
            else { continue }
            return (file, record.featureCount)
        }
        return nil
    }

    /// A new file that is being received.
    func beginUpload(named name: String) throws(Problem) -> BackboneUpload {
        guard Self.isName(name) else {
            throw Problem(
                .badRequest,
                detail: "a backbone's name has 1 to 64 of a-z, A-Z, 0-9, '_', '-' and '.', and starts with none of "
                    + "the last two; found '\(name)'")
        }
        do {
            try FileManager.default.createDirectory(
                at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            return try BackboneUpload(name: name, path: folder.appending(path: ".incoming-\(UUID().uuidString)").path)
        } catch {
            throw Problem(writing: error, to: folder.path)
        }
    }

    /// Checks a received file as a load would, and moves it durably to its place.
    func install(_ upload: BackboneUpload) throws(Problem) -> LoadedBackbone {
        try upload.finish()
        let backbone = try load(upload.path, name: upload.name)
        let place = file(upload.name)
        do {
            try FileManager.default.createDirectory(
                at: place.deletingLastPathComponent(), withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
            try DurableFile.move(upload.path, to: place.path)
        } catch {
            throw Problem(writing: error, to: place.path)
        }
        makeNewest(upload.name)
        return backbone
    }

    /// Lets the file of `name` be the newest, which answers after a start, even where the clock was set back before it came.
    private func makeNewest(_ name: String) {
        guard let newest = names().first, newest != name, let date = modified(newest) else { return }
        try? FileManager.default.setAttributes(
            [.modificationDate: date.addingTimeInterval(1)], ofItemAtPath: file(name).path)
    }

    /// Removes what uploads, and imports into a stopped state, left behind when they were killed.
    func removeLeftovers() {
        func entries(_ folder: URL) -> [URL] {
            (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)) ?? []
        }
        let backbones = entries(folder)
        let found = entries(folder.deletingLastPathComponent()) + backbones + backbones.flatMap(entries)
        for entry in found where [".incoming-", ".import-"].contains(where: entry.lastPathComponent.hasPrefix) {
            try? FileManager.default.removeItem(at: entry)
        }
    }

    /// Where the file of `name` is.
    func path(of name: String) -> String { file(name).path }

    private func file(_ name: String) -> URL { folder.appending(path: name).appending(path: "backbone.safetensors") }

    private func modified(_ name: String) -> Date? {
        (try? FileManager.default.attributesOfItem(atPath: file(name).path))?[.modificationDate] as? Date
    }

    static func isName(_ name: String) -> Bool {
        (1...64).contains(name.utf8.count) && !name.hasPrefix(".") && !name.hasPrefix("-")
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."):
                    true
                default: false
                }
            }
    }
}

/// A backbone file that is being received; it removes itself unless it was installed.
package final class BackboneUpload: Sendable {
    let name: String
    let path: String
    private let handle: FileHandle
    private let received = Mutex(0)

    init(name: String, path: String) throws {
        self.name = name
        self.path = path
        guard FileManager.default.createFile(atPath: path, contents: nil, attributes: [.posixPermissions: 0o600]),
            let handle = FileHandle(forWritingAtPath: path)
        else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        self.handle = handle
    }

    /// Appends `bytes`.
    ///
    /// - Throws: `Problem` for more bytes than a backbone may have, or a disk that is full.
    package func write(_ bytes: some Collection<UInt8>) throws(Problem) {
        let total = received.withLock { received in
            received += bytes.count
            return received
        }
        guard total <= Configuration.backboneLimit else {
            throw Problem(
                .bodyTooLarge, detail: "a backbone's file has at most \(Configuration.backboneLimit) bytes")
        }
        do {
            try handle.write(contentsOf: Data(bytes))
        } catch {
            throw Problem(writing: error, to: URL(filePath: path).deletingLastPathComponent().path)
        }
    }

    func finish() throws(Problem) {
        do {
            try handle.synchronize()
            try handle.close()
        } catch {
            throw Problem(writing: error, to: URL(filePath: path).deletingLastPathComponent().path)
        }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
