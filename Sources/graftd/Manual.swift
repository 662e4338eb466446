import ArgumentParser
import Foundation
import GraftManual
import GraftService

/// For those who make packages.
struct Manual: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Writes graftd(8), graftd.yaml(5), and completions for bash, zsh and fish.",
        discussion: """
            They are made from this program's help and the table of its settings.

            Examples:
              graftd manual --prefix debian/graftd/usr
            """,
        shouldDisplay: false)

    @Option(help: ArgumentHelp("Where share is, such as /usr.", valueName: "folder"), completion: .directory)
    var prefix: String

    func run() throws {
        let folder = ManualFolder(prefix: prefix)
        let date = ManualFolder.date(environment: ProcessInfo.processInfo.environment)
        let pages = try ManualPage.pages(
            of: CommandHelp(dump: Graftd._dumpHelp()), section: 8, seeAlso: ["graftctl(1)", "graftd.yaml(5)"],
            date: date)
        for page in pages + [.settings(Configuration.settings, date: date)] { print(try folder.write(page)) }
        let completions = try folder.writeCompletions(of: "graftd") { shell in
            Graftd.completionScript(for: CompletionShell(rawValue: shell)!)
        }
        for path in completions { print(path) }
    }
}

extension ManualPage {
    /// graftd.yaml(5).
    fileprivate static func settings(_ settings: [Setting], date: String) -> ManualPage {
        var page = ManualPage(name: "graftd.yaml", section: 5, description: "settings of graftd", date: date)
        page.section("DESCRIPTION")
        page.paragraph(
            "The daemon reads its settings from a YAML file, /etc/graftd/graftd.yaml where it runs as a service. Each is "
                + "a line of the form key: value. What is left out keeps its default. A variable of the environment wins "
                + "over the file, and an option of graftd(8) over both.")
        page.paragraph(
            "A key that there is not, and a value that is wrong, keep the daemon from starting; every error is told at "
                + "once. graftctl check looks for them without a daemon, and graftctl reload has a running one read its settings "
                + "again.")
        page.section("SETTINGS")
        page.list(
            settings.map { setting in
                (
                    setting.key,
                    "\(setting.meaning) Takes \(setting.expected). Default: \(setting.fallback). "
                        + "Variable: \(setting.variable)." + (setting.isLive ? "" : " A change waits for a restart.")
                )
            })
        page.section("FILES")
        page.list([("Pa /etc/graftd/graftd.yaml", "The settings of the service.")])
        page.section("EXAMPLES")
        page.literal([
            "# Keep a small copy of what is taught, and train when a timer says so only.", "keep: thumbnail",
            "trainAutomatically: off",
        ])
        page.references(["graftctl-check(1)", "graftd(8)"])
        return page
    }
}
