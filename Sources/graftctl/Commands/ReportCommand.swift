import ArgumentParser
import GraftAPI
import GraftClient

struct ReportCommand: DaemonCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Show how good the answers are, label by label.",
        discussion: """
            All numbers are of samples that had not been learned when they were answered. "Before learning" is what \
            the model said of each of the last taught samples at the moment it was taught; "held out" is what the \
            active version's training said of samples, and of their near-duplicates, that it had left out.

            Recall is the share of a label's samples that is found, precision the share of the answers with that label \
            that are right. Balanced accuracy is the mean of the recalls. Calibration error is how far probabilities \
            are from the share that is right.

            Examples:
              graftctl report
              graftctl report --last 100 --confusions 20
              graftctl report --matrix
              graftctl report --json | jq .held_out.counts.balanced_accuracy
            """)

    @Option(help: ArgumentHelp("Take that many of the last taught samples (1 to 100000).", valueName: "count"))
    var last: Int?
    @Option(help: ArgumentHelp("Print that many of the most frequent wrong answers.", valueName: "count"))
    var confusions = 10
    @Flag(help: "Print the whole confusion matrix.") var matrix = false
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: JSONOption

    func validate() throws {
        if let last, !(1...100_000).contains(last) {
            throw ValidationError("--last takes 1 to 100000, not \(last).")
        }
        guard confusions >= 0 else {
            throw ValidationError("--confusions takes a number from 0 on, not \(confusions).")
        }
    }

    func run(_ client: GraftClient) async throws {
        let report = try await client.report(window: last)
        if output.json { return try Terminal.print(json: report) }
        let words = ReportWords(report, unicode: Terminal.isUnicode)
        for line in words.summary { print(line) }
        for table in [words.labels, words.confusions(limit: confusions), matrix ? words.matrix : nil] {
            guard let table, !table.rows.isEmpty else { continue }
            print()
            Terminal.print(table)
        }
    }
}
