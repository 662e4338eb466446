import Foundation
import Glibc
import GraftCheckpoint
import GraftStore

/// A state folder as one tar archive, as it was at one moment: read from the disk while it is sent, never in memory as a
/// whole.
///
/// Every file is open from the beginning on, so that what is replaced or removed meanwhile is still what it was.
package actor StateBackup {
    /// The length of the archive in bytes.
    package nonisolated let byteCount: Int
    private var files: [OpenBackupFile]
    private var manifest: BackupManifest
    private var permit: BackupPermit?

    /// What is sent next.
    private enum Step {
        case header(Int)
        case content(Int, sent: Int)
        case manifest
        case end
        case done
    }
    private var step = Step.header(0)
    private var digest = SHA256Stream()

    private static let pieceLength = 256 << 10
    /// Disks are slow, and digests take time: both have a thread of their own.
    static let executor = SerialThreadExecutor(name: "backup")
    package nonisolated var unownedExecutor: UnownedSerialExecutor { Self.executor.asUnownedSerialExecutor() }

    /// - Throws: `StoreError`, or `POSIXError` where a file cannot be read.
    init(store: Store, program: String, permit: BackupPermit) throws {
        self.permit = permit
        let state = store.folder
        // What the database names is there before its copy is made, or made meanwhile: so both are looked for.
        var found = try Self.open(state, Self.names(state))
        let copy = "\(state)/\(Self.copyPrefix)\(UUID().uuidString).sqlite"
        defer { unlink(copy) }
        let versions = try store.copyDatabase(to: copy)
        found.merge(try Self.open(state, Self.names(state))) { $1 }
        let wanted = Set(versions.map { "versions/\($0).safetensors" })
        let kept = found.filter { !$0.key.hasPrefix("versions/") || wanted.contains($0.key) }
        files =
            [try OpenBackupFile(name: "graftd.sqlite", path: copy)] + kept.sorted { $0.key < $1.key }.map(\.value)
        manifest = BackupManifest(
            program: program, created: Date(),
            files: files.map {
                .init(
                    name: $0.name, bytes: $0.byteCount, sha256: String(repeating: "0", count: 64), modified: $0.modified
                )
            },
            missingVersions: versions.filter { kept["versions/\($0).safetensors"] == nil })
        let manifestLength = try manifest.encoded().count
        byteCount =
            (files.map(\.byteCount) + [manifestLength])
            .reduce(2 * TarHeader.length) { $0 + TarHeader.length + $1 + TarHeader.padding(after: $1) }
    }

    /// What the temporary copy of the database is called.
    static let copyPrefix = ".backup-"

    /// Removes what a killed daemon left.
    static func removeLeftovers(state: String) {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: state)) ?? []
        where name.hasPrefix(copyPrefix) {
            try? FileManager.default.removeItem(atPath: "\(state)/\(name)")
        }
    }

    /// The next piece of the archive; nil at its end.
    package func next() throws -> [UInt8]? {
        switch step {
        case .header(let index):
            guard index < files.count else {
                step = .manifest
                return try next()
            }
            digest = SHA256Stream()
            step = .content(index, sent: 0)
            return files[index].header.bytes
        case .content(let index, let sent):
            let file = files[index]
            guard sent < file.byteCount else {
                manifest.files[index].sha256 = digest.digest().description
                step = .header(index + 1)
                let padding = TarHeader.padding(after: file.byteCount)
                return padding > 0 ? [UInt8](repeating: 0, count: padding) : try next()
            }
            let piece = try file.read(from: sent, count: min(Self.pieceLength, file.byteCount - sent))
            digest.update(piece.span)
            step = .content(index, sent: sent + piece.count)
            return piece
        case .manifest:
            step = .end
            let bytes = try manifest.encoded()
            // Whoever has received all of it may ask for the next one at once.
            files = []
            permit = nil
            let header = TarHeader(
                name: BackupManifest.name, byteCount: bytes.count, modified: Int(manifest.created.timeIntervalSince1970)
            )
            return header.bytes + bytes + [UInt8](repeating: 0, count: TarHeader.padding(after: bytes.count))
        case .end:
            step = .done
            return [UInt8](repeating: 0, count: 2 * TarHeader.length)
        case .done: return nil
        }
    }

    /// The files beside the database.
    private static func names(_ state: String) -> [String] {
        func entries(_ folder: String) -> [String] {
            (try? FileManager.default.contentsOfDirectory(atPath: "\(state)/\(folder)")) ?? []
        }
        return
            (entries("versions").map { "versions/\($0)" }
            + entries("backbones").map { "backbones/\($0)/backbone.safetensors" })
            .filter(BackupManifest.allows)
    }

    private static func open(_ state: String, _ names: [String]) throws -> [String: OpenBackupFile] {
        var files: [String: OpenBackupFile] = [:]
        for name in names {
            do {
                files[name] = try OpenBackupFile(name: name, path: "\(state)/\(name)")
            } catch let error as POSIXError where error.code == .ENOENT || error.code == .ENOTDIR {
                // It was removed between the two looks; where the database names it, the manifest says so.
            }
        }
        return files
    }
}

/// A file of the state, as it was when it was opened.
private final class OpenBackupFile: Sendable {
    let name: String
    let byteCount: Int
    let modified: Int
    private let descriptor: Int32

    init(name: String, path: String) throws {
        descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        var information = stat()
        guard fstat(descriptor, &information) == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        self.name = name
        byteCount = Int(information.st_size)
        modified = information.st_mtim.tv_sec * 1_000_000_000 + information.st_mtim.tv_nsec
    }

    deinit { close(descriptor) }

    var header: TarHeader { TarHeader(name: name, byteCount: byteCount, modified: modified / 1_000_000_000) }

    /// - Throws: `POSIXError` where the disk cannot be read, or the file became shorter.
    func read(from offset: Int, count: Int) throws -> [UInt8] {
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            initialized = max(0, pread(descriptor, buffer.baseAddress, count, off_t(offset)))
        }
        guard !bytes.isEmpty else { throw POSIXError(.EIO) }
        return bytes
    }
}
