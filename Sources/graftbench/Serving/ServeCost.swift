import ArgumentParser
import Foundation

/// What HTTP and JSON cost.
struct ServeCost: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cost",
        abstract: "Measures what a request costs beyond decoding and inference, in time and in processor time.",
        discussion: """
            One client asks at a time. Of each turn of 25 requests the daemon's own times of waiting, decoding, and the network with \
            its head are taken off the client's; the median of the turns is reported. Processor time is that of the \
            daemon's threads that do not compute, under 64 clients.
            """)

    @OptionGroup var options: ServeOptions

    @Option(help: "How many turns of 25 requests.")
    var turns = 40

    @Option(help: "How images are sent: \(BodyKind.allCases.map(\.rawValue).joined(separator: ", ")).")
    var body = BodyKind.raw

    func validate() throws {
        if !(1...10_000).contains(turns) { throw ValidationError("--turns must be in 1...10000") }
    }

    func run() async throws {
        let daemon = try MeasuredDaemon(options.network, threads: options.threads)
        try daemon.teach(4 * LoadLabel.count)
        var parts: [String: [Double]] = [:]
        let connection = try KeepAliveConnection(socket: daemon.socket)
        let question = request(
            "POST", "/v1/classify", type: body.mediaType, body: body.body(label: 0, seed: 1))
        let count = 25
        for turn in 0...turns {
            let before = try daemon.metrics()
            let start = ContinuousClock.now
            for _ in 0..<count {
                guard try connection.send(question).status == 200 else { throw ExitCode.failure }
            }
            let whole = (ContinuousClock.now - start) / .milliseconds(1) / Double(count)
            let after = try daemon.metrics()
            guard turn > 0 else { continue }
            func part(_ name: String) throws -> Double {
                let key = "graftd_\(name)_seconds_sum"
                guard let before = before[key], let after = after[key] else {
                    throw MeasuredDaemon.Failure(description: "/metrics has no \(key)")
                }
                return (after - before) * 1e3 / Double(count)
            }
            let (queue, decode, network) = (try part("queue"), try part("decode"), try part("inference"))
            parts["whole", default: []].append(whole)
            parts["queue", default: []].append(queue)
            parts["decode", default: []].append(decode)
            parts["network", default: []].append(network)
            parts["rest", default: []].append(whole - queue - decode - network)
        }
        let before = try daemon.processorSeconds()
        let load = await LoadRun(socket: daemon.socket, clients: 64, seconds: 5, kind: body).run()
        let after = try daemon.processorSeconds()
        let answers = Double(load.statuses.values.reduce(0, +))
        let result = CostResult(
            body: body.rawValue, threads: options.threads, round_trip_ms: rounded(parts["whole"]!.median),
            queue_ms: rounded(parts["queue"]!.median), decode_ms: rounded(parts["decode"]!.median),
            network_ms: rounded(parts["network"]!.median), http_and_json_ms: rounded(parts["rest"]!.median),
            other_threads_processor_ms: rounded((after.other - before.other) * 1e3 / answers),
            compute_threads_processor_ms: rounded((after.compute - before.compute) * 1e3 / answers))
        try options.report(result, result.words)
        if load.refused > 0 || !load.failures.isEmpty { throw ExitCode.failure }
    }
}

private struct CostResult: Encodable {
    let body: String
    let threads: Int
    let round_trip_ms: Double
    let queue_ms: Double
    let decode_ms: Double
    let network_ms: Double
    let http_and_json_ms: Double
    let other_threads_processor_ms: Double
    let compute_threads_processor_ms: Double

    var words: [String] {
        [
            "one client, \(body): \(round_trip_ms) ms = waiting for a thread \(queue_ms) + decoding \(decode_ms) + "
                + "network and head \(network_ms) + HTTP and JSON \(http_and_json_ms) (at most 0.4)",
            "64 clients, processor time of a request: \(compute_threads_processor_ms) ms on compute threads, "
                + "\(other_threads_processor_ms) ms on all others",
        ]
    }
}
