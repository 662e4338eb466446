import ArgumentParser
import GraftService

/// The trainer: the daemon starts it as a child process, so that its memory and its failures are its own.
struct Train: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Trains one job that the daemon describes on standard input.", shouldDisplay: false)

    @Option(help: "Where the job comes from: - for standard input.")
    var job: String

    func validate() throws {
        guard job == "-" else { throw ValidationError("--job takes -, found '\(job)'") }
    }

    func run() async throws {
        throw ExitCode(await Trainer.main())
    }
}
