import ArgumentParser
import GraftAPI
import GraftClient

struct LabelsCommand: DaemonCommand {
    static let configuration = CommandConfiguration(
        commandName: "labels",
        abstract: "List the labels, their samples and how well they are told apart.",
        discussion: """
            Recall is the share of a label's samples that the active version finds, precision the share of its \
            answers with that label that are right, both on samples that it was not trained on. A label that the \
            version does not know yet has neither. Recall before learning is that of the last taught samples, each as \
            it was answered at the moment it was taught.

            Examples:
              graftctl labels
              graftctl labels --json | jq -r '.labels[] | select(.samples < 20) | .label'
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
