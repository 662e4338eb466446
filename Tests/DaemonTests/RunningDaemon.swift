import Foundation
import Glibc
import GraftAPI
import GraftClient
import Testing
import TestSupport

/// The built programs, beside the test bundle.
enum Programs {
    static let folder = URL(filePath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()
    static let graftd = folder.appending(path: "graftd")
    static let graftctl = folder.appending(path: "graftctl")

    /// EfficientNet-Lite0's checkpoint, where the caller has it.
    static let weights = ProcessInfo.processInfo.environment["GRAFTD_TEST_WEIGHTS"]

    /// Printed where a test that needs the weights is skipped.
    static let weightsCondition: Comment =
        "needs EfficientNet-Lite0's checkpoint: run ./deploy/test, or set GRAFTD_TEST_WEIGHTS to its path"
}

/// One run of a program to its end.
struct ProgramRun {
    var status: Int32
    var output: String
    var errors: String

    /// Runs `program` and waits for its end; what it prints must fit a pipe's reader, not memory limits.
    init(_ program: URL, _ arguments: [String], environment: [String: String] = [:]) throws {
        let process = Process()
        process.executableURL = program
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let folder = try TemporaryFolder()
        // Files, not pipes: nobody has to read both at once.
        for name in ["out", "err"] { try Data().write(to: folder.file(name)) }
        process.standardOutput = try FileHandle(forWritingTo: folder.file("out"))
        process.standardError = try FileHandle(forWritingTo: folder.file("err"))
        process.standardInput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        status = process.terminationStatus
        output = try String(contentsOf: folder.file("out"), encoding: .utf8)
        errors = try String(contentsOf: folder.file("err"), encoding: .utf8)
    }
}

/// A daemon with a state of its own, which can be stopped, killed and started again.
final class RunningDaemon: Sendable {
    let folder: TemporaryFolder
    let state: String
    let socket: String
    let client: GraftClient
    nonisolated(unsafe) private var process: Process?  // Each test drives its daemon from one task at a time.

    private let environment: [String: String]
    private let group: MemoryGroup?

    /// Starts a daemon, with the real backbone where `backbone` says so, and waits until it answers.
    ///
    /// - Parameters:
    ///   - place: The folder to make its state in; nil for one of its own.
    ///   - environment: Variables of the daemon, beside those of the tests.
    ///   - group: The control group that it runs in from its first instruction on; nil for that of the tests.
    init(
        backbone: Bool = true, configuration: String? = nil, in place: String? = nil,
        environment: [String: String] = [:], group: MemoryGroup? = nil
    ) async throws {
        folder = try TemporaryFolder()
        self.group = group
        self.environment = environment
        state = place.map { "\($0)/state" } ?? folder.file("state").path
        socket = folder.file("s").path
        client = try GraftClient(socket: socket)
        if let configuration {
            try configuration.write(to: folder.file("graftd.yaml"), atomically: true, encoding: .utf8)
        }
        if backbone {
            try FileManager.default.createDirectory(atPath: state, withIntermediateDirectories: true)
            let weights = try #require(Programs.weights)
            let run = try ProgramRun(
                Programs.graftctl, ["backbone", "import", weights, "--arch", "efficientnet_lite0", "--state", state])
            try #require(run.status == 0, "\(run.errors)")
        }
        try await start()
    }

    func start() async throws {
        let process = Process()
        process.executableURL = Programs.graftd
        process.arguments = ["--socket", socket, "--state", state]
        if FileManager.default.fileExists(atPath: folder.file("graftd.yaml").path) {
            process.arguments! += ["--config", folder.file("graftd.yaml").path]
        }
        if let group {
            process.executableURL = URL(filePath: "/bin/sh")
            let command = "echo $$ >'\(group.processes)' && exec \"$0\" \"$@\""
            process.arguments = ["-c", command, Programs.graftd.path] + process.arguments!
        }
        let log = folder.file("log").path
        if !FileManager.default.fileExists(atPath: log) { try Data().write(to: folder.file("log")) }
        let handle = try #require(FileHandle(forWritingAtPath: log))
        try handle.seekToEnd()
        process.standardError = handle
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        try process.run()
        self.process = process
        // Loading and the first start's migrations take well under a second; a loaded machine may need many.
        for _ in 0..<1_200 {
            if (try? await client.live()) == true { return }
            try #require(process.isRunning, "graftd ended at its start:\n\(logText)")
            try await Task.sleep(for: .milliseconds(50))
        }
        Issue.record("graftd did not answer:\n\(logText)")
    }

    var logText: String { (try? String(contentsOf: folder.file("log"), encoding: .utf8)) ?? "" }
    var pid: pid_t { process!.processIdentifier }

    /// Sends SIGTERM and returns the exit status.
    @discardableResult func stop() -> Int32 {
        guard let process else { return 0 }
        process.terminate()
        process.waitUntilExit()
        self.process = nil
        return process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
    }

    /// Sends SIGKILL and waits for the end.
    func kill() {
        guard let process else { return }
        Glibc.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        self.process = nil
    }

    /// Stops the daemon and the client at the end of a test.
    func end() async {
        if process?.isRunning == true { kill() }
        await client.shutdown()
    }

    /// Runs `body` with a daemon that is ended however it goes.
    static func with(
        backbone: Bool = true, configuration: String? = nil, in place: String? = nil,
        environment: [String: String] = [:], group: MemoryGroup? = nil, _ body: (RunningDaemon) async throws -> Void
    ) async throws {
        let daemon = try await RunningDaemon(
            backbone: backbone, configuration: configuration, in: place, environment: environment, group: group)
        do {
            try await body(daemon)
            await daemon.end()
        } catch {
            await daemon.end()
            throw error
        }
    }
}
