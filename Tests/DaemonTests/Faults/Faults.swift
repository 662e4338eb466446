import Foundation
import Glibc
import GraftAPI
import GraftClient
import Testing

extension DaemonTests {
    /// What goes wrong on a machine, one fault at a time. After each, nothing acknowledged is lost, the service answers or
    /// says why not, and its log names the cause once.
    @Suite(.enabled(if: Programs.weights != nil, Programs.weightsCondition), .serialized) struct Faults {}
}

extension RunningDaemon {
    /// The lines of the daemon's log that contain `text`.
    func logLines(_ text: String) -> [String] {
        logText.split(separator: "\n").map(String.init).filter { $0.contains(text) }
    }

    /// Teaches one picture.
    @discardableResult func teach(_ kind: String, seed: UInt64) async throws -> Taught {
        try await client.teach(TestImages.ppm(kind: kind, seed: seed), mediaType: .ppm, label: kind)
    }

    /// The label of every sample, by id.
    func samples() async throws -> [String: String?] {
        var found: [String: String?] = [:]
        var after: String?
        repeat {
            let page = try await client.samples(label: nil, after: after, limit: 1_000)
            for sample in page.samples { found[sample.id] = sample.label }
            after = page.next
        } while after != nil
        return found
    }

    /// Trains a head and returns the job when it has ended.
    func trainHead(seed: UInt64 = 1) async throws -> TrainJob {
        try await client.waitForTraining(try await client.train(TrainRequest(strategy: .head, seed: seed)).id)
    }

    /// Starts to train, and stops the trainer before it has done anything that counts, but not before it `isReady`.
    func trainStopped(
        seed: UInt64 = 1, once isReady: (pid_t) -> Bool = { _ in true }
    ) async throws -> (job: TrainJob, trainer: pid_t) {
        let job = try await client.train(TrainRequest(strategy: .head, seed: seed))
        let trainer = try #require(children().first, "the trainer runs")
        while !isReady(trainer) { try #require(Glibc.kill(trainer, 0) == 0, "the trainer runs") }
        Glibc.kill(trainer, SIGSTOP)
        return (job, trainer)
    }

    /// The processes that the daemon has started and not waited for.
    func children() -> [pid_t] {
        let tasks = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task")) ?? []
        return tasks.flatMap { task in
            ((try? String(contentsOfFile: "/proc/\(pid)/task/\(task)/children", encoding: .utf8)) ?? "")
                .split(separator: " ").compactMap { pid_t($0) }
        }
    }

    /// What `graftctl doctor` says of the state while the daemon is stopped.
    func doctor(repair: Bool = false) throws -> Examination {
        let run = try ProgramRun(
            Programs.graftctl, ["doctor", "--state", state, "--json"] + (repair ? ["--repair"] : []))
        let examination = try APICoding.decoder().decode(Examination.self, from: Data(run.output.utf8))
        #expect(run.status == (examination.isHealthy ? 0 : 1), "\(run.errors)")
        return examination
    }
}

extension Examination {
    func problems(_ subject: String) -> [Finding] {
        findings.filter { $0.subject == subject && $0.severity == .problem }
    }
    func repairs(_ subject: String) -> [Finding] {
        findings.filter { $0.subject == subject && $0.severity == .repaired }
    }
}

/// Changes one byte in the middle of the file at `path`.
func damage(_ path: String) throws {
    let file = try #require(FileHandle(forUpdatingAtPath: path))
    defer { try? file.close() }
    let middle = try file.seekToEnd() / 2
    try file.seek(toOffset: middle)
    let byte = try #require(try file.read(upToCount: 1)?.first)
    try file.seek(toOffset: middle)
    try file.write(contentsOf: Data([byte ^ 0x40]))
}

/// A client's error is a problem of kind `kind`; its detail.
func problem(_ kind: Problem.Kind, _ body: () async throws -> Void) async -> String {
    do {
        try await body()
        Issue.record("expected the problem \(kind)")
        return ""
    } catch let error as ClientError {
        #expect(error.problemKind == kind, "\(error)")
        return "\(error)"
    } catch {
        Issue.record("expected the problem \(kind), found \(error)")
        return ""
    }
}

/// Sets a limit of a running process, as prlimit(1) writes it: `nofile=3:` for the soft limit of open files alone.
func limit(_ process: pid_t, _ limit: String) throws {
    let run = try ProgramRun(URL(filePath: "/usr/bin/prlimit"), ["--pid", "\(process)", "--\(limit)"])
    try #require(run.status == 0, "\(run.errors)")
}
