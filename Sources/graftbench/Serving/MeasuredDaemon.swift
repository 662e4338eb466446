import Foundation
import Glibc
import GraftCheckpoint
import GraftNetwork

/// The daemon beside this executable, with a state of its own, as long as a measurement takes.
final class MeasuredDaemon {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    let socket: String
    /// The backbone that it answers by.
    let backboneFile: String
    private let folder: URL
    private let process = Process()

    /// Starts a daemon and returns once it can look at images.
    ///
    /// - Parameter settings: further lines of its configuration file, in YAML.
    init(_ network: NetworkOptions, threads: Int, settings: [String] = []) throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "graftbench-\(UUID().uuidString.prefix(8))")
        socket = folder.appending(path: "s").path
        let home = folder.appending(path: "state/backbones/bench")
        try FileManager.default.createDirectory(at: home, withIntermediateDirectories: true)
        backboneFile = home.appending(path: "backbone.safetensors").path
        if let file = network.backbone {
            try FileManager.default.copyItem(atPath: file, toPath: backboneFile)
        } else {
            try network.writeRandomBackbone(to: backboneFile)
        }
        let lines = ["threads: \(threads)", "trainAutomatically: false", "logLevel: warning"] + settings
        let configuration = folder.appending(path: "graftd.yaml").path
        try (lines.joined(separator: "\n") + "\n").write(toFile: configuration, atomically: true, encoding: .utf8)
        let program = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
            .appending(path: "graftd")
        guard FileManager.default.isExecutableFile(atPath: program.path) else {
            throw Failure(description: "there is no \(program.path): build it with swift build -c release")
        }
        process.executableURL = program
        process.arguments = [
            "--socket", socket, "--state", folder.appending(path: "state").path, "--config", configuration,
        ]
        try process.run()
        for _ in 0..<1_200 {
            if let answer = try? ask("GET", "/v2/health/ready"), answer.status == 200 { return }
            guard process.isRunning else { throw Failure(description: "graftd ended at its start") }
            Thread.sleep(forTimeInterval: 0.05)
        }
        throw Failure(description: "graftd was not ready within a minute")
    }

    deinit {
        process.terminate()
        process.waitUntilExit()
        try? FileManager.default.removeItem(at: folder)
    }

    @discardableResult
    func ask(
        _ method: String, _ target: String, type: String = "application/json", body: [UInt8] = []
    ) throws -> KeepAliveConnection.Answer {
        try KeepAliveConnection(socket: socket).send(request(method, target, type: type, body: body))
    }

    /// Teaches `count` images of the labels that loads teach, in turn.
    func teach(_ count: Int) throws {
        let connection = try KeepAliveConnection(socket: socket)
        for number in 0..<count {
            let answer = try connection.send(
                request(
                    "POST", "/v1/samples?label=\(LoadLabel.name(number))", type: BodyKind.raw.mediaType,
                    body: BodyKind.raw.body(label: number % LoadLabel.count, seed: UInt64(number) + 1)))
            guard answer.status == 201 else {
                throw Failure(
                    description: "a taught image was answered \(String(decoding: answer.body, as: UTF8.self))")
            }
        }
    }

    // MARK: What it says of itself

    /// The samples of `/metrics` by name and labels, as they are written.
    func metrics() throws -> [String: Double] {
        let text = String(decoding: try ask("GET", "/metrics").body, as: UTF8.self)
        let pairs = text.split(separator: "\n").compactMap { line -> (String, Double)? in
            guard !line.hasPrefix("#"), let space = line.lastIndex(of: " "),
                let value = Double(line[line.index(after: space)...])
            else { return nil }
            return (String(line[..<space]), value)
        }
        return Dictionary(pairs) { $1 }
    }

    /// Seconds that its threads have computed, those of the compute pool apart from the others.
    func processorSeconds() throws(Failure) -> (compute: Double, other: Double) {
        var clock = clockid_t()
        var time = timespec()
        guard clock_getcpuclockid(process.processIdentifier, &clock) == 0, clock_gettime(clock, &time) == 0 else {
            throw Failure(description: "the daemon's processor time cannot be read: has it ended?")
        }
        // Of the whole process, with threads that have ended: those that compute never do.
        let all = Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
        var compute = 0.0
        let tasks = "/proc/\(process.processIdentifier)/task"
        for task in (try? FileManager.default.contentsOfDirectory(atPath: tasks)) ?? [] {
            guard let name = try? String(contentsOfFile: "\(tasks)/\(task)/comm", encoding: .utf8),
                name.hasPrefix("compute-"),
                let times = try? String(contentsOfFile: "\(tasks)/\(task)/schedstat", encoding: .utf8),
                let nanoseconds = times.split(separator: " ").first.flatMap({ Double($0) })
            else { continue }
            compute += nanoseconds / 1e9
        }
        return (compute, all - compute)
    }
}
