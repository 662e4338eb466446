import Foundation
import GraftAPI

/// A report as lines and tables for a terminal.
package struct ReportWords: Sendable {
    private let report: Report
    private let unicode: Bool

    /// - Parameter unicode: Whether block characters may be used.
    package init(_ report: Report, unicode: Bool) {
        self.report = report
        self.unicode = unicode
    }

    /// One fact a line.
    package var summary: [String] {
        var facts = [
            ("answers", "version \(report.model.version), revision \(report.model.revision)"),
            ("samples", "\(report.samples)" + (report.negatives > 0 ? " and \(report.negatives) of no label" : "")),
        ]
        if let prequential = report.prequential {
            facts.append(
                ("before learning", Self.words(prequential.counts, "of the last \(prequential.counts.samples)")))
            if prequential.series.count > 1 { facts.append(("over time", course(prequential.series))) }
        } else {
            facts.append(("before learning", "no sample was answered before it was taught"))
        }
        if let heldOut = report.heldOut {
            let loss = heldOut.logLoss.map { String(format: ", log loss %.3f", $0) } ?? ""
            facts.append(("held out", Self.words(heldOut.counts, "of \(heldOut.counts.samples)") + loss))
        } else {
            facts.append(("held out", "nothing is measured before the first training"))
        }
        if report.versions.count > 1 {
            facts.append(("versions", course(report.versions.map(\.quality.balancedAccuracy)) + ", balanced"))
        }
        let width = facts.map(\.0.count).max() ?? 0
        return facts.map { $0.0.padding(toLength: width + 2, withPad: " ", startingAt: 0) + $0.1 }
    }

    /// Every label, the one that is found least first.
    package var labels: TextTable? {
        let heldOut = Self.byLabel(report.heldOut?.counts)
        let prequential = Self.byLabel(report.prequential?.counts)
        let names = Set(heldOut.keys).union(prequential.keys)
        guard !names.isEmpty else { return nil }
        var table = TextTable([
            .init("label"), .number("samples"), .number("recall"), .init(""), .number("precision"),
            .number("recall before learning"),
        ])
        // The active version's where there is one: it says more than what was said along the way.
        let shown = report.heldOut == nil ? prequential : heldOut
        let sorted = names.sorted {
            (shown[$0]?.recall ?? 2, $0) < (shown[$1]?.recall ?? 2, $1)
        }
        for name in sorted {
            let label = shown[name]
            table.add(
                name, "\(label?.samples ?? prequential[name]?.samples ?? 0)", Self.percent(label?.recall),
                label?.recall.map { ProgressLine.bar($0, cells: 10, unicode: unicode) } ?? "",
                Self.percent(label?.precision), Self.percent(prequential[name]?.recall))
        }
        return table
    }

    /// The most frequent wrong answers, the most frequent first.
    package func confusions(limit: Int) -> TextTable? {
        guard let counts = report.heldOut?.counts ?? report.prequential?.counts, limit > 0 else { return nil }
        let samples = Self.byLabel(counts).mapValues(\.samples)
        var table = TextTable([.init("true label"), .init("answered"), .number("samples"), .number("of its samples")])
        let wrong = counts.confusion.filter { $0.label != $0.answered }
            .sorted { ($1.samples, $0.label, $0.answered) < ($0.samples, $1.label, $1.answered) }
        for confusion in wrong.prefix(limit) {
            let all = samples[confusion.label] ?? 0
            table.add(
                confusion.label, confusion.answered, "\(confusion.samples)",
                Self.percent(all > 0 ? Double(confusion.samples) / Double(all) : nil))
        }
        return table
    }

    /// A row for each true label and a column for each answer, which the rows number.
    package var matrix: TextTable? {
        guard let counts = report.heldOut?.counts ?? report.prequential?.counts else { return nil }
        let names = counts.labels.map(\.label)
        var cells: [String: [String: Int]] = [:]
        for count in counts.confusion { cells[count.label, default: [:]][count.answered] = count.samples }
        var table = TextTable(
            [.number("#"), .init("true label")] + names.indices.map { .number("\($0 + 1)") })
        for (row, name) in names.enumerated() {
            table.add(
                ["\(row + 1)", name] + names.map { cells[name]?[$0].map(String.init) ?? (unicode ? "·" : ".") })
        }
        return table
    }

    // MARK: -

    private static func words(_ counts: AnswerCounts, _ of: String) -> String {
        "\(percent(counts.accuracy)) \(of) right, balanced \(percent(counts.balancedAccuracy)), calibration error "
            + percent(counts.calibrationError)
    }

    private func course(_ values: [Double]) -> String {
        let (least, most) = (values.min() ?? 0, values.max() ?? 0)
        return "\(Sparkline.text(values, unicode: unicode))  \(Self.percent(least)) to \(Self.percent(most))"
    }

    private static func byLabel(_ counts: AnswerCounts?) -> [String: LabelReport] {
        // Two labels of one name there are not, but for forgotten ones.
        Dictionary((counts?.labels ?? []).map { ($0.label, $0) }, uniquingKeysWith: { first, _ in first })
    }

    private static func percent(_ fraction: Double?) -> String {
        fraction.map { String(format: "%.1f %%", $0 * 100) } ?? "-"
    }
}
