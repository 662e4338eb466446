import ArgumentParser
import Foundation
import GraftService

/// Looks at a state folder, and repairs it: `graftctl doctor` runs it where no daemon answers, because only the daemon's
/// program reads the store.
struct Doctor: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Prints what is wrong with a state folder, as JSON; graftctl doctor shows it.", shouldDisplay: false)

    @Option(help: ArgumentHelp("The folder of everything that is kept.", valueName: "dir"))
    var state: String?

    @Option(help: ArgumentHelp("A YAML file of settings.", valueName: "file"))
    var config: String?

    @Flag(help: "Repair what can be repaired.")
    var repair = false

    func run() async throws {
        var flags: [String: String] = [:]
        flags["state"] = state
        let settings: Configuration
        do {
            settings = try await .read(file: config, environment: ProcessInfo.processInfo.environment, flags: flags)
        } catch {
            FileHandle.standardError.write(Data("graftd: \(error)\n".utf8))
            throw ExitCode(78)  // EX_CONFIG, as in Serve
        }
        let doctor = StateDoctor(state: settings.state)
        let examination = repair ? await doctor.repair() : doctor.examine()
        print(try examination.json())
        if !examination.isHealthy { throw ExitCode.failure }
    }
}
