import ArgumentParser
import GraftAPI
import GraftClient

struct VersionsCommand: DaemonCommand {
    static let configuration = CommandConfiguration(
        commandName: "versions",
        abstract: "List the trained versions, newest first, and what they measured.",
        discussion: """
            The version with a star answers. Version 0 is the analytic head alone, which learns with every image. \
            Accuracies are those on samples that the version was not trained on.

            Examples:
              graftctl versions
              graftctl versions --json | jq .active
            """)

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: JSONOption

    func run(_ client: GraftClient) async throws {
        let list = try await client.versions()
        if output.json { return try Terminal.print(json: list) }
        guard !list.versions.isEmpty else {
            return print("No version yet: the analytic head answers alone; graftctl train --wait makes the first.")
        }
        var table = TextTable([
            .init(""), .number("version"), .init("state"), .init("strategy"), .init("created"), .number("labels"),
            .number("accuracy"), .number("balanced"), .init("reason"),
        ])
        for version in list.versions {
            table.add(
                version.active ? "*" : "", "\(version.version)",
                version.state.rawValue + (version.stale ? ", stale" : ""), version.strategy.rawValue,
                Words.time(version.created), "\(version.labels.count)", Words.percent(version.quality?.accuracy),
                Words.percent(version.quality?.balancedAccuracy), version.reason)
        }
        Terminal.print(table)
        if list.active == 0 { print("Version 0, the analytic head alone, answers.") }
    }
}
