import ArgumentParser
import Foundation

/// The time of one image's forward pass.
struct Infer: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Times the forward pass of one image.")

    @OptionGroup var network: NetworkOptions

    @Option(help: "How many passes to time, after three that are not.")
    var runs = 15

    @Flag(help: "Print one line of JSON.")
    var json = false

    func validate() throws {
        if runs < 1 { throw ValidationError("--runs must be at least 1") }
    }

    func run() throws {
        let backbone = try network.load()
        let workspace = backbone.makeWorkspace()
        let image = network.image(for: backbone)
        for _ in 0..<3 { _ = backbone.features(of: image, in: workspace) }
        let clock = ContinuousClock()
        let times = (0..<runs).map { _ in
            clock.measure { _ = backbone.features(of: image, in: workspace) } / .milliseconds(1)
        }.sorted()

        let result = InferResult(
            arch: backbone.architecture.name, peer: "graftd", threads: 1, isa: backbone.instructionSet.rawValue,
            median_ms: rounded(times[times.count / 2]), min_ms: rounded(times[0]))
        if json {
            print(String(decoding: try JSONEncoder.sorted.encode(result), as: UTF8.self))
        } else {
            print("\(result.arch): median \(result.median_ms) ms, fastest \(result.min_ms) ms (\(result.isa))")
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

private func rounded(_ milliseconds: Double) -> Double { (milliseconds * 1000).rounded() / 1000 }
