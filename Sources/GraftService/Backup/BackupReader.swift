import Foundation
import Glibc
import GraftCheckpoint

/// Why an archive is no backup, or cannot be put down.
package enum BackupError: Error, Sendable, Equatable, CustomStringConvertible {
    case notABackup(reason: String)
    case newerFormat(Int)
    case truncated(atByte: Int)
    case unexpectedFile(String)
    case changed(name: String)
    case missing(name: String)
    case unreadable(reason: String)
    case unwritable(path: String, reason: String)

    package var description: String {
        switch self {
        case .notABackup(let reason): "it is no backup of graftd: \(reason)"
        case .newerFormat(let format):
            "it has format \(format), which a newer graftd wrote; this one reads up to \(BackupManifest.format)"
        case .truncated(let byte): "it ends at byte \(byte), in the middle: it was cut off"
        case .unexpectedFile(let name): "it holds '\(name)', which no state has"
        case .changed(let name): "'\(name)' in it is not what was saved (another SHA-256): it was damaged"
        case .missing(let name): "'\(name)' is missing in it"
        case .unreadable(let reason): "it cannot be read: \(reason)"
        case .unwritable(let path, let reason): "cannot write '\(path)': \(reason)"
        }
    }
}

/// Reads a backup from its beginning to its end, checks every byte of it, and puts its files down where that is wanted.
package struct BackupReader: ~Copyable {
    private let descriptor: Int32
    private var offset = 0
    /// The most files that a backup has.
    private static let fileLimit = 100_000
    private static let pieceLength = 1 << 20

    /// - Parameter descriptor: An open file or pipe; it stays open.
    package init(descriptor: Int32) { self.descriptor = descriptor }

    /// - Parameters:
    ///   - folder: An empty folder for the files; nil to check them only.
    ///   - onProgress: Is told how many bytes were read.
    package consuming func read(
        into folder: String?, onProgress: (Int) -> Void = { _ in }
    ) throws(BackupError) -> BackupManifest {
        var found: [String: (digest: String, bytes: Int)] = [:]
        while true {
            guard let header = try header(isFirst: offset == 0) else {
                throw found.isEmpty
                    ? .notABackup(reason: "it is empty") : .notABackup(reason: "it has no \(BackupManifest.name)")
            }
            if header.name == BackupManifest.name {
                let manifest = try manifest(header)
                try Self.check(found, manifest)
                if let folder { try Self.setTimes(manifest, folder) }
                return manifest
            }
            guard BackupManifest.allows(header.name), found[header.name] == nil, found.count < Self.fileLimit else {
                throw .unexpectedFile(header.name)
            }
            let file = try folder.map { folder throws(BackupError) in try NewFile(folder, header.name) }
            var digest = SHA256Stream()
            var left = header.byteCount
            while left > 0 {
                let piece = try bytes(min(left, Self.pieceLength))
                digest.update(piece.span)
                try file?.write(piece)
                left -= piece.count
                onProgress(offset)
            }
            try file?.synchronize()
            _ = try bytes(TarHeader.padding(after: header.byteCount))
            found[header.name] = (digest.digest().description, header.byteCount)
        }
    }

    private mutating func header(isFirst: Bool) throws(BackupError) -> TarHeader? {
        let block: [UInt8]
        do {
            block = try bytes(TarHeader.length)
        } catch .truncated where isFirst {
            throw .notABackup(reason: "it is shorter than one header")
        }
        if block.allSatisfy({ $0 == 0 }) { return nil }
        guard let header = TarHeader(block) else {
            throw .notABackup(reason: "there is no header of a tar archive at byte \(offset - TarHeader.length)")
        }
        return header
    }

    private mutating func manifest(_ header: TarHeader) throws(BackupError) -> BackupManifest {
        guard header.byteCount <= BackupManifest.byteLimit else {
            throw .notABackup(reason: "its manifest has \(header.byteCount) bytes")
        }
        let text = try bytes(header.byteCount)
        struct Format: Decodable { var format: Int }
        if let format = try? JSONDecoder().decode(Format.self, from: Data(text)).format,
            format > BackupManifest.format
        {
            throw .newerFormat(format)
        }
        do {
            return try BackupManifest.decoded(text)
        } catch {
            throw .notABackup(reason: "its manifest is not understood")
        }
    }

    private static func check(
        _ found: [String: (digest: String, bytes: Int)], _ manifest: BackupManifest
    ) throws(BackupError) {
        for file in manifest.files {
            guard let there = found[file.name] else { throw .missing(name: file.name) }
            guard there.digest == file.sha256, there.bytes == file.bytes else { throw .changed(name: file.name) }
        }
        let named = Set(manifest.files.map(\.name))
        if let other = found.keys.filter({ !named.contains($0) }).sorted().first { throw .unexpectedFile(other) }
        guard named.contains("graftd.sqlite") else { throw .missing(name: "graftd.sqlite") }
    }

    /// Of several backbones the newest answers, so times are part of the state.
    private static func setTimes(_ manifest: BackupManifest, _ folder: String) throws(BackupError) {
        for file in manifest.files {
            let time = timespec(tv_sec: file.modified / 1_000_000_000, tv_nsec: file.modified % 1_000_000_000)
            guard utimensat(AT_FDCWD, "\(folder)/\(file.name)", [time, time], 0) == 0 else {
                throw .unwritable(path: file.name, reason: String(cString: strerror(errno)))
            }
        }
    }

    /// The next `count` bytes.
    private mutating func bytes(_ count: Int) throws(BackupError) -> [UInt8] {
        var code: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            while initialized < count {
                let read = Glibc.read(descriptor, buffer.baseAddress! + initialized, count - initialized)
                if read < 0, errno == EINTR { continue }
                if read < 0 { code = errno }
                guard read > 0 else { break }
                initialized += read
            }
        }
        offset += bytes.count
        guard code == 0 else { throw .unreadable(reason: String(cString: strerror(code))) }
        guard bytes.count == count else { throw .truncated(atByte: offset) }
        return bytes
    }
}

/// A file that is put down, with the folders it lies in.
private final class NewFile {
    private let path: String
    private let descriptor: Int32

    init(_ folder: String, _ name: String) throws(BackupError) {
        path = "\(folder)/\(name)"
        var parent = folder
        for part in name.split(separator: "/").dropLast() {
            parent += "/\(part)"
            guard mkdir(parent, 0o700) == 0 || errno == EEXIST else { throw Self.failure(parent) }
        }
        descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.failure(path) }
    }

    deinit { close(descriptor) }

    func write(_ bytes: [UInt8]) throws(BackupError) {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress! + written, $0.count - written) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Self.failure(path) }
            written += count
        }
    }

    func synchronize() throws(BackupError) {
        guard fsync(descriptor) == 0 else { throw Self.failure(path) }
        // Its name is durable once its folder is.
        let folder = open(URL(filePath: path).deletingLastPathComponent().path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        defer { if folder >= 0 { close(folder) } }
        guard folder >= 0, fsync(folder) == 0 else { throw Self.failure(path) }
    }

    private static func failure(_ path: String) -> BackupError {
        .unwritable(path: path, reason: String(cString: strerror(errno)))
    }
}
