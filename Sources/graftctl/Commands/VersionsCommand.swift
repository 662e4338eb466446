import ArgumentParser
import GraftAPI
import GraftClient

struct VersionsCommand: DaemonCommand {
    static let configuration = CommandConfiguration(
        commandName: "versions",
        abstract: "List the trained versions, newest first, or show one, and what they measured.",
        discussion: """
            The version with a star answers. Version 0 is the analytic head alone, which learns with every image. \
            Accuracies are those on samples that the version was not trained on. A version that was kept back shows why.

            Examples:
              graftctl versions
              graftctl versions 7
              graftctl versions --json | jq .active
            """)

    @Argument(help: "Show this version, label by label.") var version: Int?
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: JSONOption

    func run(_ client: GraftClient) async throws {
        if let version { return try show(try await client.version(version)) }
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

    private func show(_ version: VersionRecord) throws {
        if output.json { return try Terminal.print(json: version) }
        let state = version.state.rawValue + (version.active ? ", answers" : "") + (version.stale ? ", stale" : "")
        print("version \(version.version) (\(version.strategy.rawValue), \(Words.time(version.created))): \(state)")
        print(version.reason.printable)
        if !version.blocks.isEmpty { print("trained blocks: \(version.blocks.joined(separator: ", "))") }
        if version.head == .mlp { print("its head has a hidden layer") }
        for note in version.notes { print(note.printable) }
        if let quality = version.quality {
            print(
                "accuracy \(Words.percent(quality.accuracy)), balanced \(Words.percent(quality.balancedAccuracy)), "
                    + "on \(Words.count(quality.samples, "sample"))")
        }
        var table = TextTable([.init("label"), .number("samples"), .number("recall"), .number("precision")])
        for label in version.perLabel ?? [] {
            table.add(
                label.label, "\(label.samples)", Words.percent(label.recall), Words.percent(label.precision))
        }
        Terminal.print(table)
    }
}
