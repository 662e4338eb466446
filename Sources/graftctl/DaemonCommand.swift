import ArgumentParser
import Foundation
import GraftClient

/// A command that talks to the daemon.
protocol DaemonCommand: AsyncParsableCommand {
    var connection: ConnectionOptions { get }

    func run(_ client: GraftClient) async throws
}

extension DaemonCommand {
    func run() async throws {
        try await GraftClient.withClient(socket: connection.path()) { client in
            try await run(client)
        }
    }
}

/// Which daemon is meant.
struct ConnectionOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The daemon's socket.", valueName: "path"))
    var socket: String?

    func path() throws(ClientError) -> String {
        try SocketLocation.find(
            explicit: socket, environment: ProcessInfo.processInfo.environment,
            exists: { FileManager.default.fileExists(atPath: $0) })
    }
}

/// How many requests a command has in flight.
struct JobsOption: ParsableArguments {
    @Option(help: ArgumentHelp("How many requests are in flight at a time (1 to 64).", valueName: "count"))
    var jobs = 4

    func validate() throws {
        guard (1...64).contains(jobs) else { throw ValidationError("--jobs takes 1 to 64, not \(jobs).") }
    }
}

/// Whether a program reads the result.
struct JSONOption: ParsableArguments {
    @Flag(help: "Print JSON.")
    var json = false
}
