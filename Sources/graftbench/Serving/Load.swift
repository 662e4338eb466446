import ArgumentParser
import Foundation

/// A load on a daemon that runs.
struct Load: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Loads a running daemon with requests, and reports how it answered.",
        discussion: """
            Clients ask one request after another over connections that they keep, or, with --every, one in each interval \
            whether or not the last was answered in time. Exits with 1 where a request failed or was refused.

            What --teach teaches stays: point it at a state that you can throw away.

            Example:
              graftbench load --socket /tmp/graftd.sock --clients 64 --seconds 60
            """)

    @Option(help: ArgumentHelp("The daemon's socket.", valueName: "path"))
    var socket: String

    @Option(help: "How many clients ask at once.")
    var clients = 64

    @Option(help: "For how long.")
    var seconds = 60.0

    @Option(help: "How images are sent: \(BodyKind.allCases.map(\.rawValue).joined(separator: ", ")).")
    var body = BodyKind.raw

    @Option(help: "The part of requests that teach, 0 to 1.")
    var teach = 0.0

    @Option(help: ArgumentHelp("Milliseconds from one request of a client to its next.", valueName: "ms"))
    var every: Int?

    @Flag(help: "Print one line of JSON.")
    var json = false

    func validate() throws {
        if !(1...4096).contains(clients) { throw ValidationError("--clients must be in 1...4096") }
        if !(0.1...86_400).contains(seconds) { throw ValidationError("--seconds must be in 0.1...86400") }
        if !(0...1).contains(teach) { throw ValidationError("--teach must be in 0...1") }
        if let every, every < 1 { throw ValidationError("--every must be at least 1") }
    }

    func run() async throws {
        let outcome = await LoadRun(
            socket: socket, clients: clients, seconds: seconds, kind: body, taught: teach,
            interval: every.map { .milliseconds($0) }
        ).run()
        let report = LoadReport(outcome, clients: clients)
        if json {
            print(String(decoding: try JSONEncoder.sorted.encode(report), as: UTF8.self))
        } else {
            print(report.words)
        }
        for failure in outcome.failures.prefix(5) { FileHandle.standardError.write(Data("\(failure)\n".utf8)) }
        if !outcome.failures.isEmpty || outcome.refused > 0 { throw ExitCode.failure }
    }
}

/// How a load was answered.
struct LoadReport: Encodable {
    let clients: Int
    let seconds: Double
    let per_second: Double
    let classify: Latencies
    let teach: Latencies
    /// How often each status was answered.
    let statuses: [Int: Int]
    /// Requests without an answer.
    let failures: Int

    init(_ outcome: LoadRun.Outcome, clients: Int) {
        self.clients = clients
        seconds = outcome.seconds
        per_second = rounded(outcome.rate)
        classify = Latencies(outcome.classified)
        teach = Latencies(outcome.taught)
        statuses = outcome.statuses
        failures = outcome.failures.count
    }

    var words: String {
        var lines = [
            "\(clients) clients, \(seconds) s: \(per_second) answers/s; "
                + statuses.sorted { $0.key < $1.key }.map { "\($0.value) × \($0.key)" }.joined(separator: ", ")
                + (failures == 0 ? "" : ", \(failures) without an answer")
        ]
        if classify.count > 0 { lines.append("  classify: \(classify.words)") }
        if teach.count > 0 { lines.append("  teach:    \(teach.words)") }
        return lines.joined(separator: "\n")
    }
}
