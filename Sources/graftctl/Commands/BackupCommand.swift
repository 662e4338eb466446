import ArgumentParser
import Foundation
import GraftClient
import GraftService

struct BackupCommand: DaemonCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Save everything that the daemon knows, while it runs.",
        discussion: """
            The file is a tar archive of the database, the backbones and the versions' weights as they were at one \
            moment, with a list of their digests; requests are answered, and taught, meanwhile. It is checked from \
            beginning to end before it gets its name. The daemon needs as much room in its state folder as the database \
            takes. The file holds features of images and, where they are kept, the images: only its owner can read it.

            With - for the file, the archive goes to standard output, and is not checked. This takes an administrator.

            Examples:
              graftctl backup graftd.backup
              graftctl backup --force graftd.backup
              graftctl backup - | gzip > graftd.backup.gz
            """)

    @Argument(help: "Where to write, or - for standard output.", completion: .file()) var file: String
    @Flag(help: "Replace the file if there is one.") var force = false
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: JSONOption

    func validate() throws {
        guard file != "-" || !output.json else { throw ValidationError("--json has no room beside the archive.") }
    }

    func run(_ client: GraftClient) async throws {
        if file == "-" {
            guard isatty(STDOUT_FILENO) == 0 else {
                throw CommandFailure("an archive is nothing for a terminal: name a file, or a pipe")
            }
            return try await client.backup(to: STDOUT_FILENO, named: "standard output")
        }
        guard force || !FileManager.default.fileExists(atPath: file) else {
            throw CommandFailure("'\(file)' exists; --force replaces it")
        }
        // Beside the result, so that a rename will do.
        let folder = URL(filePath: file).deletingLastPathComponent()
        let received = folder.appending(path: ".graftctl-\(UUID().uuidString).backup").path
        let descriptor = open(received, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw CommandFailure("cannot write '\(received)': \(String(cString: strerror(errno)))")
        }
        defer {
            close(descriptor)
            unlink(received)
        }
        let progress = ByteProgress(title: "saving")
        defer { progress.clear() }
        try await client.backup(to: descriptor, named: received) { progress.show($0, of: $1) }
        guard fsync(descriptor) == 0 else {
            throw CommandFailure("cannot write '\(received)' to the disk: \(String(cString: strerror(errno)))")
        }
        let bytes = Int(lseek(descriptor, 0, SEEK_CUR))
        lseek(descriptor, 0, SEEK_SET)
        let checking = ByteProgress(title: "checking")
        let manifest: BackupManifest
        do throws(BackupError) {
            manifest = try BackupReader(descriptor: descriptor).read(into: nil) { checking.show($0, of: bytes) }
        } catch {
            throw CommandFailure("the backup was not saved: \(error)")
        }
        progress.clear()
        guard rename(received, file) == 0 else {
            throw CommandFailure("cannot put '\(file)' in place: \(String(cString: strerror(errno)))")
        }
        if output.json { return try Terminal.print(json: manifest) }
        print("\(file): \(Words.bytes(bytes)), \(manifest.words)".printable)
        if let words = manifest.missingWords { Terminal.complain(words) }
    }
}

extension BackupManifest {
    /// What it holds, in one line.
    var words: String {
        "the database, \(Words.count(counts.backbones, "backbone")) and the weights of "
            + "\(Words.count(counts.versions, "version")), of \(Words.time(created))"
    }

    var missingWords: String? {
        guard !missingVersions.isEmpty else { return nil }
        let numbers = missingVersions.map(String.init).joined(separator: ", ")
        return "not in it, because their files are gone from the state: the weights of version "
            + "\(numbers); graftctl doctor says more"
    }
}

/// How far so many bytes are, on standard error; shown on a terminal only.
final class ByteProgress {
    private let title: String
    private var last: ContinuousClock.Instant?

    init(title: String) { self.title = title }

    func show(_ done: Int, of total: Int?) {
        let now = ContinuousClock.now
        if let last, now - last < .milliseconds(100) { return }
        last = now
        guard Terminal.errorsAreSeen else { return }
        let fraction = total.map { $0 == 0 ? 1 : Double(done) / Double($0) } ?? 0
        ProgressBar.show(
            ProgressLine.text(
                title: title, fraction: fraction, details: "  \(Words.bytes(done))", width: Terminal.width - 1,
                unicode: Terminal.isUnicode))
    }

    func clear() { ProgressBar.clear() }
}
