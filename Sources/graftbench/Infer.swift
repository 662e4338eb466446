import ArgumentParser
import Foundation

/// The time of a forward pass.
struct Infer: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Times the forward pass of one image, or of a batch of them.",
        discussion: "One image is split over all threads; of several, each thread takes one at a time.")

    @OptionGroup var network: NetworkOptions

    @Option(help: "How many threads compute.")
    var threads = 1

    @Option(help: "How many images a pass is of.")
    var batch = 1

    @Option(help: "How many passes to time, after three that are not.")
    var runs = 15

    @Flag(help: "Print one line of JSON.")
    var json = false

    func validate() throws {
        if runs < 1 { throw ValidationError("--runs must be at least 1") }
        if !(1...256).contains(threads) { throw ValidationError("--threads must be in 1...256") }
        if !(1...1024).contains(batch) { throw ValidationError("--batch must be in 1...1024") }
    }

    func run() async throws {
        let backbone = try network.load()
        let times = try await inferenceTimes(
            of: backbone, image: network.image(for: backbone), threads: threads, batch: batch, runs: runs)
        let result = InferResult(
            arch: backbone.architecture.name, peer: "graftd", threads: threads, batch: batch,
            side: backbone.preprocessing.cropSide, isa: backbone.instructionSet.rawValue,
            median_ms: rounded(times[times.count / 2]), min_ms: rounded(times[0]))
        if json { return print(String(decoding: try JSONEncoder.sorted.encode(result), as: UTF8.self)) }
        print(
            "\(result.arch), \(threads) thread(s), batch \(batch): median \(result.median_ms) ms, fastest "
                + "\(result.min_ms) ms (\(result.isa))")
    }
}

/// One line of output; the keys are those of the scripts that time other libraries.
private struct InferResult: Encodable {
    let arch: String
    let peer: String
    let threads: Int
    let batch: Int
    /// Pixels.
    let side: Int
    let isa: String
    let median_ms: Double
    let min_ms: Double
}
