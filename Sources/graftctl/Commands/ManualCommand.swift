import ArgumentParser
import Foundation
import GraftManual

/// For those who make packages.
struct ManualCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "manual",
        abstract: "Write the pages of the manual, and completions for bash, zsh and fish.",
        discussion: """
            Both are made from the help of the commands. Below the prefix they go to share/man and to the folders that \
            Debian's shells look into.

            Examples:
              graftctl manual --prefix debian/graftd/usr
            """,
        shouldDisplay: false)

    @Option(help: ArgumentHelp("Where share is, such as /usr.", valueName: "folder"), completion: .directory)
    var prefix: String

    func run() throws {
        let folder = ManualFolder(prefix: prefix)
        let date = ManualFolder.date(environment: ProcessInfo.processInfo.environment)
        let pages = try ManualPage.pages(
            of: CommandHelp(dump: Graftctl._dumpHelp()), section: 1, seeAlso: ["graftd(8)", "graftd.yaml(5)"],
            date: date)
        do {
            for page in pages { print(try folder.write(page)) }
            let completions = try folder.writeCompletions(of: "graftctl") { shell in
                Graftctl.completionScript(for: CompletionShell(rawValue: shell)!)
            }
            for path in completions { print(path) }
        } catch {
            throw CommandFailure("cannot write below '\(prefix)': \(error.localizedDescription)")
        }
    }
}
