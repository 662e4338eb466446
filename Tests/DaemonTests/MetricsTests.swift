import Foundation
import GraftClient
import TestSupport
import Testing

extension DaemonTests {
    /// What Prometheus and Grafana read.
    @Suite(.enabled(if: Programs.weights != nil, Programs.weightsCondition))
    struct MetricsTests {
        static let promtool = ["/usr/bin/promtool", "/usr/local/bin/promtool"].first {
            FileManager.default.isExecutableFile(atPath: $0)
        }

        /// The metrics of a daemon that has done something of everything that they count.
        private static func metrics() async throws -> String {
            let text = Box("")
            try await RunningDaemon.with { daemon in
                try await daemon.teach(perKind: 6)
                _ = try await daemon.client.classify(TestImages.ppm(kind: "rings", seed: 90), mediaType: .ppm)
                let job = try await daemon.client.train(.init(strategy: .head))
                _ = try await daemon.client.waitForTraining(job.id)
                text.value = try await daemon.client.metrics()
            }
            return text.value
        }

        private final class Box: @unchecked Sendable {  // One task writes it, and is awaited before it is read.
            var value: String
            init(_ value: String) { self.value = value }
        }

        @Test(.enabled(if: promtool != nil, "needs promtool, of Debian's prometheus package: run ./deploy/test"))
        func promtoolHasNothingToSay() async throws {
            let folder = try TemporaryFolder()
            try await Self.metrics().write(to: folder.file("metrics"), atomically: true, encoding: .utf8)
            let process = Process()
            process.executableURL = URL(filePath: try #require(Self.promtool))
            process.arguments = ["check", "metrics"]
            process.standardInput = try FileHandle(forReadingFrom: folder.file("metrics"))
            let output = Pipe()
            process.standardOutput = output
            process.standardError = output
            try process.run()
            let said = try output.fileHandleForReading.readToEnd() ?? Data()
            process.waitUntilExit()
            #expect(String(decoding: said, as: UTF8.self) == "")
            #expect(process.terminationStatus == 0)
        }

        @Test func everyQueryOfTheDashboardNamesMetricsThatThereAre() async throws {
            let text = try await Self.metrics()
            let there = Set(
                text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map {
                    String($0.prefix { $0 != "{" && $0 != " " })
                })
            let file = URL(filePath: #filePath).deletingLastPathComponent()
                .appending(path: "../../deploy/grafana-dashboard.json").standardized
            let dashboard = try JSONDecoder().decode(Dashboard.self, from: Data(contentsOf: file))
            let queries = dashboard.panels.flatMap(\.targets).map(\.expr)
            try #require(queries.count > 20)
            for query in queries {
                let named = query.matches(of: /(graftd|process)_[a-z_]+/).map { String($0.0) }
                #expect(!named.isEmpty, "\(query)")
                for name in named { #expect(there.contains(name), "\(name) of \(query)") }
            }
        }

        private struct Dashboard: Decodable {
            struct Panel: Decodable { let targets: [Target] }
            struct Target: Decodable { let expr: String }
            let panels: [Panel]
        }
    }
}
