import ArgumentParser
import Foundation

/// How the time of a forward pass grows.
struct Scaling: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Times forward passes against threads, batch and image side; prints a table in Markdown.")

    @OptionGroup var network: NetworkOptions

    @Option(help: "How many passes to time for each row, after three that are not.")
    var runs = 15

    func validate() throws {
        if runs < 1 { throw ValidationError("--runs must be at least 1") }
    }

    func run() async throws {
        let cores = ProcessInfo.processInfo.activeProcessorCount
        let side = try network.load().preprocessing.cropSide
        let powers = (0..<5).map { 1 << $0 }
        print("| threads | batch | side | median ms | images/s |\n| ---: | ---: | ---: | ---: | ---: |")
        var threads = powers.filter { $0 <= cores }
        if threads.last! < cores { threads.append(cores) }
        for count in threads { try await row(threads: count, batch: 1, side: side) }
        for batch in powers.dropFirst() { try await row(threads: cores, batch: batch, side: side) }
        guard network.backbone == nil else { return }
        for side in [128, 160, 192, 256, 320, 448] { try await row(threads: 1, batch: 1, side: side) }
    }

    private func row(threads: Int, batch: Int, side: Int) async throws {
        let backbone = try network.load(side: side)
        let times = try await inferenceTimes(
            of: backbone, image: network.image(for: backbone), threads: threads, batch: batch, runs: runs)
        let median = times[times.count / 2]
        print(
            String(format: "| %d | %d | %d | %.2f | %.0f |", threads, batch, side, median, Double(batch) * 1e3 / median)
        )
    }
}
