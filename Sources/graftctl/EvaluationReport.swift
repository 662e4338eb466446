import Foundation
import GraftAPI
import GraftClient

/// What `evaluate` measured; `--json` prints it as it stands.
struct EvaluationReport: Encodable {
    struct Failure: Encodable {
        var file: String
        var reason: String
    }

    /// One image and the most probable labels.
    struct Example: Encodable {
        var file: String
        var label: String
        var top: [LabelProbability]
    }

    private(set) var images = 0
    private(set) var accuracy: Double?
    private(set) var balancedAccuracy: Double?
    private(set) var medianMilliseconds: Double?
    private(set) var p95Milliseconds: Double?
    private(set) var imagesPerSecond = 0.0
    private(set) var confusions: [ConfusionCounts.Confusion] = []
    private(set) var recalls: [ConfusionCounts.LabelRecall] = []
    /// Labels of the folder that the daemon was never taught, so that their images cannot be answered rightly.
    private(set) var untaughtLabels: [String]
    private(set) var models: Set<ModelReference> = []
    private(set) var examples: [Example] = []
    private(set) var failures: [Failure] = []

    private var counts = ConfusionCounts()
    private var milliseconds: [Double] = []

    private enum CodingKeys: CodingKey {
        case images, accuracy, balancedAccuracy, medianMilliseconds, p95Milliseconds, imagesPerSecond, confusions
        case recalls, untaughtLabels, models, examples, failures
    }

    init(labels: Set<String>, known: [LabelSummary]) {
        untaughtLabels = labels.subtracting(known.map(\.label)).sorted()
    }

    mutating func add(_ answer: Classification, of image: LabelledFile, milliseconds: Double, shown: Bool) {
        counts.add(label: image.label, answered: answer.label)
        self.milliseconds.append(milliseconds)
        models.insert(answer.model)
        if shown { examples.append(Example(file: image.path, label: image.label, top: answer.top)) }
    }

    mutating func add(failure reason: String, path: String) { failures.append(Failure(file: path, reason: reason)) }

    mutating func finish(imagesPerSecond: Double) {
        images = counts.images
        accuracy = counts.accuracy
        balancedAccuracy = counts.balancedAccuracy
        confusions = counts.confusions(limit: 10)
        recalls = counts.recalls
        medianMilliseconds = milliseconds.percentile(0.5)
        p95Milliseconds = milliseconds.percentile(0.95)
        self.imagesPerSecond = imagesPerSecond
        examples.sort { $0.file < $1.file }
        failures.sort { $0.file < $1.file }
    }

    // MARK: For people

    func print(verbose: Bool) {
        let answering = models.sorted { ($0.version, $0.revision) < ($1.version, $1.revision) }
            .map { "version \($0.version), revision \($0.revision)" }
        Swift.print("images             \(images) of \(Words.count(recalls.count, "label"))")
        Swift.print("answered by        \(answering.joined(separator: "; "))")
        Swift.print("accuracy           \(Terminal.styled(Words.percent(accuracy), .bold))")
        Swift.print("balanced accuracy  \(Terminal.styled(Words.percent(balancedAccuracy), .bold))")
        let rate = String(format: "%.1f", imagesPerSecond)
        Swift.print(
            "latency            median \(Words.milliseconds(medianMilliseconds)), "
                + "95th percentile \(Words.milliseconds(p95Milliseconds)), \(rate) images/s")
        printConfusions()
        if verbose { printRecalls() }
        printExamples()
        if !untaughtLabels.isEmpty {
            Terminal.complain("never taught: \(untaughtLabels.joined(separator: ", "))".printable)
        }
        for failure in failures { Terminal.complain("\(failure.file): \(failure.reason)".printable) }
    }

    private func printConfusions() {
        guard !confusions.isEmpty else { return }
        var table = TextTable([.init("true label"), .init("answered"), .number("images")])
        for confusion in confusions { table.add(confusion.label, confusion.answered, "\(confusion.images)") }
        Swift.print()
        Terminal.print(table)
    }

    private func printRecalls() {
        var table = TextTable([.init("label"), .number("images"), .number("recall"), .init("")])
        for label in recalls {
            table.add(
                label.label, "\(label.images)", Words.percent(label.recall),
                ProgressLine.bar(label.recall, cells: 20, unicode: Terminal.isUnicode))
        }
        Swift.print()
        Terminal.print(table)
    }

    private func printExamples() {
        for example in examples {
            let isRight = example.top.first?.label == example.label
            Swift.print()
            let verdict = isRight ? Terminal.styled("right", .green) : Terminal.styled("wrong", .red)
            Swift.print("\(example.file.printable)  (\(example.label.printable), \(verdict))")
            var table = TextTable([.init("answer"), .number("probability"), .init("")])
            for entry in example.top {
                table.add(
                    entry.label, Words.percent(entry.probability),
                    ProgressLine.bar(Double(entry.probability), cells: 20, unicode: Terminal.isUnicode))
            }
            for line in table.lines().dropFirst() { Swift.print("  \(line)") }
        }
    }
}
