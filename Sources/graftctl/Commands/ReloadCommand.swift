import ArgumentParser
import GraftAPI
import GraftClient

struct ReloadCommand: DaemonCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload",
        abstract: "Let the daemon read its configuration again.",
        discussion: """
            No request is dropped. Limits, what is kept, when to train and the log level change at once; what takes a \
            restart is named, and stays as it is until then. Where anything is wrong with the configuration, nothing \
            changes, every error is named, and the exit status is 1.

            Examples:
              graftctl reload
            """)

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: JSONOption

    func run(_ client: GraftClient) async throws {
        let reloaded = try await client.reload()
        if output.json { return try Terminal.print(json: reloaded) }
        for change in reloaded.applied { print("\(change.key): \(change.to), no longer \(change.from)".printable) }
        for change in reloaded.needsRestart {
            print("\(change.key): \(change.to) from the next start on; until then \(change.from)".printable)
        }
        if reloaded == Reloaded(applied: [], needsRestart: []) { print("Nothing has changed.") }
    }
}
