import ArgumentParser
import Foundation
import GraftLearning

/// How long the analytic head takes to be solved again after a taught sample.
struct Refit: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Times the solve of the analytic head, on made-up features.",
        discussion: """
            CPU time of one thread: graftbench refit --features 1280 --labels 25 --samples 1250. --table prints how it grows \
            with features and labels; samples only take a place in the statistics.
            """)

    @Option(help: "Features of a sample.") var features = 1_280
    @Option(help: "Labels.") var labels = 25
    @Option(help: "Samples learned before.") var samples = 1_250
    @Option(help: "Solves that are timed.") var runs = 30
    @Flag(help: "Print a table in Markdown.") var table = false

    func validate() throws {
        guard features > 0, labels > 0, samples >= labels, runs > 0 else {
            throw ValidationError("all are at least 1, and there are as many samples as labels")
        }
    }

    func run() throws {
        if table { return try printTable() }
        let times = try times(features: features, labels: labels, samples: samples)
        print(
            String(
                format: "%d features, %d labels, %d samples: median %.1f ms of CPU, least %.1f ms", features, labels,
                samples, times[times.count / 2], times[0]))
    }

    /// Rows for more of one of the two, the other being what the options say.
    private func printTable() throws {
        print("| features | labels | ms of CPU |")
        print("| ---: | ---: | ---: |")
        let rows =
            [1, 2, 4].map { (features * $0, labels) } + [4, 16, 40].map { (features, labels * $0) }
        for (features, labels) in rows {
            let times = try times(features: features, labels: labels, samples: max(samples, labels))
            print(String(format: "| %d | %d | %.1f |", features, labels, times[times.count / 2]))
        }
    }

    /// Milliseconds of CPU, ascending.
    private func times(features: Int, labels: Int, samples: Int) throws -> [Double] {
        var generator = SystemRandomNumberGenerator()
        var statistics = LabelStatistics(featureCount: features)
        let values = (0..<samples * features).map { _ in Int16.random(in: 0...4_000, using: &generator) }
        try statistics.add(
            FeatureRows(featureCount: features, values: values), labels: (0..<samples).map { Int64($0 % labels) })
        return (0..<runs).map { _ in
            let start = clock()
            let head = AnalyticHead(statistics)
            precondition(head.labels.count == labels)
            return Double(clock() - start) / Double(CLOCKS_PER_SEC) * 1e3
        }.sorted()
    }
}
