import ArgumentParser
import GraftAPI
import GraftClient

struct LabelsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "labels",
        abstract: "List, rename, merge and forget labels.",
        discussion: """
            Examples:
              graftctl labels
              graftctl labels rename cat 'house cat'
            """,
        subcommands: [
            LabelsListCommand.self, LabelsRenameCommand.self, LabelsMergeCommand.self, LabelsDeleteCommand.self,
        ],
        defaultSubcommand: LabelsListCommand.self)
}

struct LabelsListCommand: DaemonCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the labels, their samples and how well they are told apart.",
        discussion: """
            Recall is the share of a label's samples that the active version finds, precision the share of its \
            answers with that label that are right, both on samples that it was not trained on. A label that the \
            version does not know yet has neither. Recall before learning is that of the last taught samples, each as \
            it was answered at the moment it was taught.

            Examples:
              graftctl labels
              graftctl labels list --json | jq -r '.labels[] | select(.samples < 20) | .label'
            """)

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: JSONOption

    func run(_ client: GraftClient) async throws {
        let labels = try await client.labels()
        if output.json { return try Terminal.print(json: LabelList(labels: labels)) }
        guard !labels.isEmpty else { return print("No label has been taught yet; see graftctl teach --help.") }
        var table = TextTable([
            .init("label"), .number("samples"), .number("recall"), .number("precision"),
            .number("recall before learning"),
        ])
        for label in labels {
            table.add(
                label.label, "\(label.samples)", Words.percent(label.recall), Words.percent(label.precision),
                Words.percent(label.prequentialRecall))
        }
        Terminal.print(table)
    }
}

struct LabelsRenameCommand: DaemonCommand {
    static let configuration = CommandConfiguration(
        commandName: "rename",
        abstract: "Give a label another name.",
        discussion: """
            Its samples stay, and every version answers with the new name from then on. Where the new name is that of \
            another label, see graftctl labels merge.

            Examples:
              graftctl labels rename cat 'house cat'
            """)

    @Argument(help: "The label.") var label: String
    @Argument(help: "Its new name.") var name: String
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: JSONOption

    func run(_ client: GraftClient) async throws {
        let changed = try await client.rename(label: label, to: name)
        if output.json { return try Terminal.print(json: changed) }
        print("'\(label)' is called '\(name)' now.".printable)
    }
}

struct LabelsMergeCommand: DaemonCommand {
    static let configuration = CommandConfiguration(
        commandName: "merge",
        abstract: "Make two labels one.",
        discussion: """
            The samples of the first become samples of the second, and its name is gone; versions that knew both add \
            the two up. This cannot be undone, so it is asked first, unless --yes is given.

            Examples:
              graftctl labels merge kitten cat --yes
            """)

    @Argument(help: "The label that goes.") var label: String
    @Argument(help: "The label that stays.") var target: String
    @OptionGroup var confirmation: ConfirmationOption
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: JSONOption

    func validate() throws {
        guard label != target else { throw ValidationError("The two labels are the same.") }
    }

    func run(_ client: GraftClient) async throws {
        let labels = try await client.labels()
        guard let samples = labels.first(where: { $0.label == label })?.samples,
            labels.contains(where: { $0.label == target })
        else {
            let missing = labels.contains { $0.label == label } ? target : label
            throw CommandFailure("there is no label '\(missing)'; graftctl labels shows those there are")
        }
        try confirmation.confirm(
            "The label '\(label)' will be gone, and its \(Words.count(samples, "sample")) will be of '\(target)'.")
        let changed = try await client.rename(label: label, to: target, merge: true)
        if output.json { return try Terminal.print(json: changed) }
        print("\(Words.count(changed.samples, "sample")) of '\(label)' are of '\(target)' now.".printable)
        if let words = changed.staleWords { print(words) }
    }
}

struct LabelsDeleteCommand: DaemonCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Forget a label and all its samples.",
        discussion: """
            Features, latents and kept images of its samples are removed, and what was learned from them is taken back \
            exactly. Versions that were trained on them are named, and marked as stale; to have them deleted, forget the \
            samples first, by graftctl samples delete --purge. This cannot be undone, so it is asked first, unless --yes is \
            given.

            Examples:
              graftctl labels delete dog --yes
            """)

    @Argument(help: "The label.") var label: String
    @OptionGroup var confirmation: ConfirmationOption
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: JSONOption

    func run(_ client: GraftClient) async throws {
        guard let samples = try await client.labels().first(where: { $0.label == label })?.samples else {
            throw CommandFailure("there is no label '\(label)'; graftctl labels shows those there are")
        }
        try confirmation.confirm("The label '\(label)' and its \(Words.count(samples, "sample")) will be forgotten.")
        let changed = try await client.forget(label: label)
        if output.json { return try Terminal.print(json: changed) }
        print("The label '\(label)' and its \(Words.count(changed.samples, "sample")) are forgotten.".printable)
        if let words = changed.staleWords { print(words) }
    }
}
