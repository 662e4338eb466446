import ArgumentParser
import Foundation

/// How the daemon serves, each part with a daemon of its own.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Starts a daemon and measures how it serves.",
        discussion: """
            Every ratio is of two things that were measured in turns, so that what else the machine does weighs on both. \
            Exits with 1 where a request failed that should not have.
            """,
        subcommands: [ServeThroughput.self, ServeCost.self, ServeTraining.self, ServeOverload.self])
}

/// What every part of ``Serve`` takes.
struct ServeOptions: ParsableArguments {
    @OptionGroup var network: NetworkOptions

    @Option(help: "How many threads compute.")
    var threads = ProcessInfo.processInfo.activeProcessorCount

    @Flag(help: "Print one line of JSON.")
    var json = false

    func validate() throws {
        if !(1...256).contains(threads) { throw ValidationError("--threads must be in 1...256") }
    }

    func report(_ result: some Encodable, _ words: [String]) throws {
        print(
            json
                ? String(decoding: try JSONEncoder.sorted.encode(result), as: UTF8.self) : words.joined(separator: "\n")
        )
    }
}
