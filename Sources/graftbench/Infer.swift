import ArgumentParser
import Foundation
import GraftNetwork
import GraftTensor

/// The time of one image's forward pass.
struct Infer: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Times the forward pass of one image.")

    @OptionGroup var network: NetworkOptions

    @Option(help: "How many threads share the pass.")
    var threads = 1

    @Option(help: "How many passes to time, after three that are not.")
    var runs = 15

    @Flag(help: "Print one line of JSON.")
    var json = false

    func validate() throws {
        if runs < 1 { throw ValidationError("--runs must be at least 1") }
        if !(1...256).contains(threads) { throw ValidationError("--threads must be in 1...256") }
    }

    func run() async throws {
        let backbone = try network.load()
        let image = network.image(for: backbone)
        let pool = ComputePool(threads: threads, queueLimit: 0)
        let times = try await pool.run { [runs, threads] worker in
            let workspaces = backbone.makeWorkspaces(threads: threads)
            func pass() { backbone.forward(image, in: workspaces, by: worker) { _ in } }
            for _ in 0..<3 { pass() }
            let clock = ContinuousClock()
            return (0..<runs).map { _ in clock.measure { pass() } / .milliseconds(1) }.sorted()
        }

        let result = InferResult(
            arch: backbone.architecture.name, peer: "graftd", threads: threads, isa: backbone.instructionSet.rawValue,
            median_ms: rounded(times[times.count / 2]), min_ms: rounded(times[0]))
        if json {
            print(String(decoding: try JSONEncoder.sorted.encode(result), as: UTF8.self))
        } else {
            print(
                "\(result.arch), \(threads) thread(s): median \(result.median_ms) ms, fastest \(result.min_ms) ms "
                    + "(\(result.isa))")
        }
    }
}

/// One line of output; the keys are those of the scripts that time other libraries.
private struct InferResult: Encodable {
    let arch: String
    let peer: String
    let threads: Int
    let isa: String
    let median_ms: Double
    let min_ms: Double
}

func rounded(_ milliseconds: Double) -> Double { (milliseconds * 1000).rounded() / 1000 }
