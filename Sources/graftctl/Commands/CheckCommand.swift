import ArgumentParser
import Foundation
import GraftClient
import GraftService

struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Check the daemon's settings, without a daemon.",
        discussion: """
            Reads the file and the GRAFTD_* variables as graftd does, and says everything that is wrong with them at \
            once. Then the exit status is 78, as that of graftd would be. Otherwise it shows what is set; graftd.yaml(5) \
            explains the settings.

            Examples:
              graftctl check
              graftctl check --config graftd.yaml
              graftctl check --json | jq -r .values.state
            """)

    /// Where the service has its settings.
    private static let system = "/etc/graftd/graftd.yaml"

    @Option(
        help: ArgumentHelp("The file; /etc/graftd/graftd.yaml, if there is one, unless given.", valueName: "file"),
        completion: .file(extensions: ["yaml", "yml"]))
    var config: String?
    @OptionGroup var output: JSONOption

    private struct Result: Encodable {
        var file: String?
        var values: [String: String] = [:]
        var problems: [Wrong] = []

        struct Wrong: Encodable {
            var key: String
            var value: String
            var expected: String
        }
    }

    func run() async throws {
        let file = config ?? (FileManager.default.fileExists(atPath: Self.system) ? Self.system : nil)
        var result = Result(file: file)
        do throws(ConfigurationErrors) {
            let settings = try await Configuration.read(
                file: file, environment: ProcessInfo.processInfo.environment, flags: [:])
            result.values = settings.values
        } catch {
            result.problems = error.problems.map { .init(key: $0.key, value: $0.value, expected: $0.expected) }
            if output.json { try Terminal.print(json: result) }
            let count = Words.count(error.problems.count, "error")
            for problem in error.problems where !output.json { Terminal.complain(problem.description.printable) }
            throw CommandFailure("\(count) in \(file ?? "the environment")", status: .configuration)
        }
        if output.json { return try Terminal.print(json: result) }
        show(result)
    }

    private func show(_ result: Result) {
        print("\(result.file ?? "No file: the defaults, and the environment"): no errors.".printable)
        let defaults = Configuration().values
        var table = TextTable([.init("setting"), .init("value"), .init("")])
        for setting in Configuration.settings {
            let value = result.values[setting.key]
            table.add(
                setting.key, value ?? "(\(setting.fallback))", value == defaults[setting.key] ? "" : "set")
        }
        Terminal.print(table)
    }
}
