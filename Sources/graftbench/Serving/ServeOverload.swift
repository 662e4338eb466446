import ArgumentParser
import Foundation

/// What happens past the queue's end.
struct ServeOverload: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "overload",
        abstract: "Sends far more than the queue holds, and measures how soon an answer comes afterwards.")

    @OptionGroup var options: ServeOptions

    @Option(help: "How many clients ask at once.")
    var clients = 200

    @Option(help: "How many images may wait.")
    var queue = 32

    @Option(help: "For how long.")
    var seconds = 10.0

    func validate() throws {
        if queue < 1 { throw ValidationError("--queue must be at least 1") }
        if clients < queue + options.threads + 1 {
            throw ValidationError("--clients must be more than --queue and --threads together")
        }
    }

    func run() async throws {
        let daemon = try MeasuredDaemon(
            options.network, threads: options.threads, settings: ["queueLimit: \(queue)"])
        try daemon.teach(4 * LoadLabel.count)
        let one = LoadRun(socket: daemon.socket, clients: 1, seconds: 1)
        let before = await one.run()
        let storm = await LoadRun(socket: daemon.socket, clients: clients, seconds: seconds).run()
        let after = await one.run()
        let result = OverloadResult(
            storm: LoadReport(storm, clients: clients), without_retry_after: storm.withoutRetryAfter,
            before: Latencies(before.classified), after: Latencies(after.classified))
        try options.report(result, result.words)
        let others = storm.statuses.keys.filter { $0 != 200 && $0 != 503 }
        guard storm.failures.isEmpty, others.isEmpty, storm.withoutRetryAfter == 0, before.refused + after.refused == 0,
            after.failures.isEmpty, storm.statuses[503, default: 0] > 0
        else {
            for failure in storm.failures.prefix(5) { FileHandle.standardError.write(Data("\(failure)\n".utf8)) }
            throw ExitCode.failure
        }
    }
}

private struct OverloadResult: Encodable {
    let storm: LoadReport
    let without_retry_after: Int
    let before: Latencies
    let after: Latencies

    var words: [String] {
        [
            storm.words, "  503 without Retry-After: \(without_retry_after) (none)",
            "one client before: \(before.words)",
            "one client after:  \(after.words)",
        ]
    }
}
