import Foundation
import GraftAPI
import GraftClient
import Testing

@Suite struct SparklineTests {
    @Test(arguments: [
        (values: [0, 0.5, 1], unicode: true, text: "▁▅█"), (values: [0, 0.5, 1], unicode: false, text: "_+#"),
        (values: [0.3, 0.3], unicode: true, text: "▄▄"), (values: [], unicode: true, text: ""),
        (values: [1, .nan, 0], unicode: true, text: "█ ▁"),
    ])
    func barsGoFromTheSmallestToTheLargest(values: [Double], unicode: Bool, text: String) {
        #expect(Sparkline.text(values, unicode: unicode) == text)
    }
}

@Suite struct ReportWordsTests {
    private static let counts = AnswerCounts(
        samples: 10, accuracy: 0.7, balancedAccuracy: 0.75, calibrationError: 0.04,
        labels: [
            LabelReport(label: "cat", samples: 6, answered: 4, found: 3),
            LabelReport(label: "dog", samples: 4, answered: 6, found: 4),
        ],
        confusion: [
            ConfusionCount(label: "cat", answered: "cat", samples: 3),
            ConfusionCount(label: "cat", answered: "dog", samples: 3),
            ConfusionCount(label: "dog", answered: "dog", samples: 4),
        ])

    private static func report(trained: Bool) -> Report {
        let quality = { (balanced: Double) in
            Quality(samples: 10, accuracy: 0.7, balancedAccuracy: balanced, logLoss: 0.5, calibrationError: 0.04)
        }
        return Report(
            model: ModelReference(version: trained ? 2 : 0, revision: 3), samples: 12, negatives: trained ? 2 : 0,
            prequential: PrequentialReport(window: 500, counts: counts, series: [0.2, 0.9]),
            heldOut: trained ? HeldOutReport(version: 2, counts: counts, logLoss: 0.5) : nil,
            versions: trained
                ? [0.6, 0.75].enumerated().map { number, balanced in
                    VersionQuality(
                        version: number + 1, state: .published, active: number == 1,
                        created: Date(timeIntervalSince1970: 0),
                        quality: quality(balanced))
                } : [])
    }

    @Test func aTrainedModelsReportHasEverything() {
        let words = ReportWords(Self.report(trained: true), unicode: true)
        #expect(
            words.summary == [
                "answers          version 2, revision 3",
                "samples          12 and 2 of no label",
                "before learning  70.0 % of the last 10 right, balanced 75.0 %, calibration error 4.0 %",
                "over time        ▁█  20.0 % to 90.0 %",
                "held out         70.0 % of 10 right, balanced 75.0 %, calibration error 4.0 %, log loss 0.500",
                "versions         ▁█  60.0 % to 75.0 %, balanced",
            ])
        #expect(
            words.labels?.lines() == [
                "label  samples   recall              precision  recall before learning",
                "cat          6   50.0 %  █████░░░░░     75.0 %                  50.0 %",
                "dog          4  100.0 %  ██████████     66.7 %                 100.0 %",
            ])
        #expect(
            words.confusions(limit: 5)?.lines() == [
                "true label  answered  samples  of its samples",
                "cat         dog             3          50.0 %",
            ])
        #expect(
            words.matrix?.lines() == [
                "#  true label  1  2",
                "1  cat         3  3",
                "2  dog         ·  4",
            ])
    }

    @Test func withoutATrainingAndWithoutUnicodeItStillTells() throws {
        let words = ReportWords(Self.report(trained: false), unicode: false)
        #expect(words.summary.contains("held out         nothing is measured before the first training"))
        #expect(words.summary.contains("over time        _#  20.0 % to 90.0 %"))
        let text = words.summary + (words.labels?.lines() ?? []) + (words.matrix?.lines() ?? [])
        #expect(text.allSatisfy { $0.allSatisfy(\.isASCII) })
        // It is the same as what was said before learning, where there is nothing else.
        #expect(try #require(words.labels).rows[0][2] == "50.0 %")
    }

    @Test func nothingYetIsSaidInWords() {
        let words = ReportWords(
            Report(
                model: ModelReference(version: 0, revision: 0), samples: 0, negatives: 0, prequential: nil,
                heldOut: nil,
                versions: []), unicode: true)
        #expect(words.labels == nil && words.matrix == nil && words.confusions(limit: 3) == nil)
        #expect(words.summary.contains("before learning  no sample was answered before it was taught"))
    }

    @Test func aReportSurvivesTheJourney() throws {
        let report = Self.report(trained: true)
        let data = try APICoding.encoder().encode(report)
        #expect(try APICoding.decoder().decode(Report.self, from: data) == report)
    }
}
