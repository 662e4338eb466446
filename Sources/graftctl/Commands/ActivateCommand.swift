import ArgumentParser
import GraftAPI
import GraftClient

struct ActivateCommand: DaemonCommand {
    static let configuration = CommandConfiguration(
        commandName: "activate",
        abstract: "Let another version answer: roll back, or forward.",
        discussion: """
            No request is dropped or waits. Version 0 is the analytic head alone.

            Examples:
              graftctl activate 6
              graftctl activate 0
            """)

    @Argument(help: "The version's number, as graftctl versions lists it.") var version: Int
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: JSONOption

    func validate() throws {
        guard version >= 0 else { throw ValidationError("Versions count from 0, so \(version) is none.") }
    }

    func run(_ client: GraftClient) async throws {
        let activated = try await client.activate(version: version)
        if output.json { return try Terminal.print(json: activated) }
        print("Version \(activated.model.version) answers; before, it was version \(activated.previous).")
    }
}
