import ArgumentParser
import Foundation
import GraftClient
import GraftService
import GraftStore

struct RestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Put a backup in place of the state of a daemon that does not run.",
        discussion: """
            Every byte is checked first, and nothing is replaced before all of it is on the disk: where that fails, the \
            old state is as it was. A restore that was interrupted after that is finished by the daemon when it starts. \
            It needs room for the new state beside the old one.

            A state that knows something already is replaced only with --force. With - for the file, the archive comes \
            from standard input.

            Examples:
              graftctl restore graftd.backup --state ./restored
              graftctl restore graftd.backup --state ./restored --force
              gunzip -c graftd.backup.gz | graftctl restore - --state ./restored --force --json | jq '.files | length'
            """)

    @Argument(help: "What graftctl backup wrote, or - for standard input.", completion: .file()) var file: String
    @Option(help: ArgumentHelp("The state folder.", valueName: "folder"), completion: .directory)
    var state = "/var/lib/graftd"
    @Flag(help: "Replace what the state knows.") var force = false
    @OptionGroup var output: JSONOption

    func run() throws {
        let descriptor = file == "-" ? dup(STDIN_FILENO) : open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw CommandFailure("cannot read '\(file)': \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        var information = stat()
        let total = fstat(descriptor, &information) == 0 && information.st_mode & S_IFMT == S_IFREG
        let progress = ByteProgress(title: "restoring")
        defer { progress.clear() }

        let folder = try StoppedState(folder: state)
        try folder.finishRestore()
        guard force || folder.isEmpty else {
            throw CommandFailure("the state in '\(state)' knows something already; --force replaces it")
        }
        let manifest = try folder.replace { new in
            do throws(BackupError) {
                return try BackupReader(descriptor: descriptor).read(into: new) {
                    progress.show($0, of: total ? Int(information.st_size) : nil)
                }
            } catch {
                throw CommandFailure("\(file): \(error); the state is as it was")
            }
        }
        progress.clear()
        if output.json { return try Terminal.print(json: manifest) }
        print("\(state): \(manifest.words). The daemon can be started.".printable)
        if let words = manifest.missingWords { Terminal.complain(words) }
    }
}
