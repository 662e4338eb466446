import ArgumentParser
import Foundation

/// How much slower answers are while the daemon trains.
struct ServeTraining: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "training",
        abstract: "Compares the latency of a client that asks every 100 ms while a job trains with that of idle times.")

    @OptionGroup var options: ServeOptions

    @Option(help: "How many turns of ten idle seconds and ten with training.")
    var turns = 6

    @Option(help: "How many images are taught first.")
    var samples = 400

    @Option(help: "How images are sent: \(BodyKind.allCases.map(\.rawValue).joined(separator: ", ")).")
    var body = BodyKind.raw

    func validate() throws {
        if !(1...100).contains(turns) { throw ValidationError("--turns must be in 1...100") }
        if samples < 10 * LoadLabel.count {
            throw ValidationError("--samples must be at least \(10 * LoadLabel.count)")
        }
    }

    func run() async throws {
        let daemon = try MeasuredDaemon(options.network, threads: options.threads)
        try daemon.teach(samples)
        let load = LoadRun(
            socket: daemon.socket, clients: 1, seconds: 10, kind: body, interval: .milliseconds(100))
        var (idle, training) = (LoadRun.Outcome(), LoadRun.Outcome())
        for _ in 0..<turns {
            idle.add(await load.run())
            // So many epochs that the job does not end before it is cancelled.
            let job = #"{"strategy":"top","recipe":{"epochs":1000},"time_limit":3600}"#
            let started = try daemon.ask("POST", "/v1/train", body: Array(job.utf8))
            guard started.status == 202 else {
                throw MeasuredDaemon.Failure(
                    description: "no training: \(String(decoding: started.body, as: UTF8.self))")
            }
            // The first second is the trainer's start.
            try await Task.sleep(for: .seconds(1))
            training.add(await load.run())
            let ended = try daemon.ask("DELETE", "/v1/train")
            guard ended.status == 200 else {
                throw MeasuredDaemon.Failure(
                    description: "training ended before its time: \(String(decoding: ended.body, as: UTF8.self))")
            }
        }
        let (quiet, busy) = (Latencies(idle.classified), Latencies(training.classified))
        let result = TrainingResult(
            idle: quiet, training: busy, p50_ratio: rounded(busy.p50 / quiet.p50),
            p99_ratio: rounded(busy.p99 / quiet.p99))
        try options.report(result, result.words)
        if idle.refused + training.refused > 0 || !(idle.failures + training.failures).isEmpty {
            throw ExitCode.failure
        }
    }
}

private struct TrainingResult: Encodable {
    let idle: Latencies
    let training: Latencies
    let p50_ratio: Double
    let p99_ratio: Double

    var words: [String] {
        [
            "idle:     \(idle.words)", "training: \(training.words)",
            "p99 while training is \(p99_ratio) of idle (at most 1.3), p50 \(p50_ratio)",
        ]
    }
}
