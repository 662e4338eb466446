import ArgumentParser
import Foundation

/// How much of the engine's speed reaches clients.
struct ServeThroughput: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "throughput",
        abstract: "Compares what many clients get with what the engine alone delivers on as many threads.")

    @OptionGroup var options: ServeOptions

    @Option(help: "How many clients ask at once.")
    var clients = 64

    @Option(help: "For how long they ask; each tenth is followed by as long of the engine alone.")
    var seconds = 60.0

    func validate() throws {
        if !(1...4096).contains(clients) { throw ValidationError("--clients must be in 1...4096") }
        if !(1...3600).contains(seconds) { throw ValidationError("--seconds must be in 1...3600") }
    }

    func run() async throws {
        let daemon = try MeasuredDaemon(options.network, threads: options.threads)
        try daemon.teach(4 * LoadLabel.count)
        let engine = try EngineAlone(file: daemon.backboneFile, threads: options.threads)
        let slice = seconds / 10
        var total = LoadRun.Outcome()
        var (ofNetwork, ofDecoding): ([Double], [Double]) = ([], [])
        var (served, alone): ([Double], [Double]) = ([], [])
        var (servedTime, networkTime, decodingTime): ([Double], [Double], [Double]) = ([], [], [])
        for _ in 0..<10 {
            let before = try daemon.processorSeconds()
            let outcome = await LoadRun(socket: daemon.socket, clients: clients, seconds: slice).run()
            let after = try daemon.processorSeconds()
            let network = try await engine.turn(seconds: slice / 2, decoding: false)
            let decoding = try await engine.turn(seconds: slice / 2, decoding: true)
            served.append(outcome.rate)
            alone.append(network.rate)
            ofNetwork.append(outcome.rate / network.rate)
            ofDecoding.append(outcome.rate / decoding.rate)
            let answers = Double(outcome.statuses.values.reduce(0, +))
            servedTime.append((after.compute + after.other - before.compute - before.other) * 1e3 / answers)
            networkTime.append(network.processorTime)
            decodingTime.append(decoding.processorTime)
            total.add(outcome)
            total.seconds += slice
        }
        let mixed = await [BodyKind.raw, .jpeg].asyncMap { kind in
            await LoadRun(socket: daemon.socket, clients: clients, seconds: slice * 2, kind: kind, taught: 0.1).run()
        }
        let jpeg = await LoadRun(socket: daemon.socket, clients: clients, seconds: slice * 2, kind: .jpeg).run()
        let result = ThroughputResult(
            arch: engine.architecture, isa: engine.instructionSet, threads: options.threads,
            served: LoadReport(total, clients: clients), served_per_second: rounded(served.median),
            engine_per_second: rounded(alone.median), of_network: rounded(ofNetwork.median),
            of_decoding_and_network: rounded(ofDecoding.median),
            of_network_by_rates: rounded(served.median / alone.median),
            of_network_by_processor_time: rounded(networkTime.median / servedTime.median),
            served_processor_ms: rounded(servedTime.median), network_processor_ms: rounded(networkTime.median),
            decoding_and_network_processor_ms: rounded(decodingTime.median),
            p99_by_p50: rounded(Latencies(total.classified).p99 / Latencies(total.classified).p50),
            jpeg: LoadReport(jpeg, clients: clients), mixed_raw: LoadReport(mixed[0], clients: clients),
            mixed_jpeg: LoadReport(mixed[1], clients: clients))
        try options.report(result, result.words)
        let failed = [total, jpeg, mixed[0], mixed[1]].flatMap { outcome in
            outcome.failures + (outcome.refused == 0 ? [] : ["\(outcome.refused) requests were refused"])
        }
        for failure in failed.prefix(5) { FileHandle.standardError.write(Data("\(failure)\n".utf8)) }
        if !failed.isEmpty { throw ExitCode.failure }
    }
}

private struct ThroughputResult: Encodable {
    let arch: String
    let isa: String
    let threads: Int
    let served: LoadReport
    /// Medians over the turns.
    let served_per_second: Double
    let engine_per_second: Double
    /// Served over the engine alone, and over the engine and decoding: medians of the turns' ratios.
    let of_network: Double
    let of_decoding_and_network: Double
    /// The same from the medians of both rates and of processor times: on a noisy machine the three differ by points, and a
    /// goal is reached where all of them reach it.
    let of_network_by_rates: Double
    let of_network_by_processor_time: Double
    /// Processor time of a request and of an image, which what else the machine does hardly changes: medians of the turns.
    let served_processor_ms: Double
    let network_processor_ms: Double
    let decoding_and_network_processor_ms: Double
    let p99_by_p50: Double
    let jpeg: LoadReport
    let mixed_raw: LoadReport
    let mixed_jpeg: LoadReport

    var words: [String] {
        [
            "\(arch), \(threads) thread(s), \(isa), raw 224 × 224", served.words,
            "  p99 is \(p99_by_p50) of p50 (at most 1.5)",
            "  served \(served_per_second)/s, engine alone \(engine_per_second)/s: \(of_network) of it (at least 0.92), "
                + "\(of_decoding_and_network) of decoding and engine",
            "  by the medians of the rates \(of_network_by_rates) of it, by processor time \(of_network_by_processor_time)",
            "  processor time: \(served_processor_ms) ms served, \(network_processor_ms) ms engine alone, "
                + "\(decoding_and_network_processor_ms) ms with decoding",
            "JPEG 224 × 224: " + jpeg.words, "one in ten teaches, raw: " + mixed_raw.words,
            "one in ten teaches, JPEG: " + mixed_jpeg.words,
        ]
    }
}

extension Array {
    fileprivate func asyncMap<R>(_ transform: (Element) async -> R) async -> [R] {
        var results: [R] = []
        for element in self { results.append(await transform(element)) }
        return results
    }
}
