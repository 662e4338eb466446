import ArgumentParser
import Foundation
import GraftCheckpoint
import GraftNetwork

/// The time from the start of a process to its first answer.
struct Start: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Times a new process from its start to its first answer, with a backbone's file in the file cache.")

    @OptionGroup var network: NetworkOptions

    @Option(help: "How many starts to time, after one that is not.")
    var runs = 5

    @Flag(help: "Print one line of JSON.")
    var json = false

    func validate() throws {
        if runs < 1 { throw ValidationError("--runs must be at least 1") }
    }

    func run() throws {
        if let file = network.backbone { return try report(file) }
        let folder = FileManager.default.temporaryDirectory.appending(path: "graftbench-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "backbone.safetensors").path
        try network.writeRandomBackbone(to: file)
        try report(file)
    }

    private func report(_ file: String) throws {
        let times = try (0...runs).map { _ in try firstAnswer(file) / .milliseconds(1) }.dropFirst().sorted()
        let arch = try SafetensorsFile(path: file).backboneMetadata().architecture
        let result = StartResult(
            arch: arch, peer: "graftd", median_ms: rounded(times[times.count / 2]), min_ms: rounded(times[0]))
        if json { return print(String(decoding: try JSONEncoder.sorted.encode(result), as: UTF8.self)) }
        print("\(arch): median \(result.median_ms) ms from start to first answer, fastest \(result.min_ms) ms")
    }

    /// How long this executable takes to load `file`, answer once, and say so.
    private func firstAnswer(_ file: String) throws -> Duration {
        let process = Process()
        process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = ["memory", "--backbone", file]
        let output = Pipe()
        process.standardOutput = output
        let clock = ContinuousClock()
        let start = clock.now
        try process.run()
        let first = try output.fileHandleForReading.read(upToCount: 1)
        let time = clock.now - start
        _ = try output.fileHandleForReading.readToEnd()
        process.waitUntilExit()
        guard first?.count == 1, process.terminationStatus == 0 else {
            throw ValidationError("the process that was to load \(file) failed")
        }
        return time
    }
}

private struct StartResult: Encodable {
    let arch: String
    let peer: String
    let median_ms: Double
    let min_ms: Double
}
