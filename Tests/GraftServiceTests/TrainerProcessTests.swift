import Foundation
import GraftService
import Testing

@Suite struct TrainerProcessTests {
    /// Runs `script` in a shell as the trainer is run, with `line` on its standard input.
    private func run(_ script: String, line: String = "") throws -> TrainerProcess {
        try TrainerProcess(executable: "/bin/sh", arguments: ["-c", script], firstLine: Data(line.utf8))
    }

    private func everything(_ process: TrainerProcess) async -> (lines: [String], exit: TrainerProcess.Exit?) {
        var lines: [String] = []
        var exit: TrainerProcess.Exit?
        for await event in process.events {
            switch event {
            case .line(let line): lines.append(String(decoding: line, as: UTF8.self))
            case .exited(let status): exit = status
            }
        }
        return (lines, exit)
    }

    @Test func itReadsItsJobAndItsLinesArriveInOrder() async throws {
        let result = await everything(
            try run("read job; echo \"got $job\"; printf 'second\\nunfinished'", line: "work"))
        #expect(result.lines == ["got work", "second"], "a line without its end is no message")
        #expect(result.exit == .status(0))
    }

    @Test func itRunsWhenNothingElseWantsTo() async throws {
        // Field 41 of proc(5)'s stat is the scheduling policy; SCHED_IDLE is 5. The name in field 2 has no space here.
        let result = await everything(try run("read job; cut -d' ' -f41 /proc/self/stat"))
        #expect(result.lines == ["5"])
    }

    @Test func itHoldsNoFileOfTheDaemon() async throws {
        // A descriptor that is inherited, as those of sockets are.
        let file = dup(STDIN_FILENO)
        defer { close(file) }
        let result = await everything(try run("read job; ls /proc/$$/fd"))
        #expect(result.lines == ["0", "1", "2"])
    }

    @Test func cancellingEndsItThoughTheDaemonIgnoresTheSignal() async throws {
        let before = signal(SIGTERM, SIG_IGN)
        defer { signal(SIGTERM, before) }
        let process = try run("echo started; exec sleep 600")
        var exit: TrainerProcess.Exit?
        for await event in process.events {
            switch event {
            case .line: process.cancel()
            case .exited(let status): exit = status
            }
        }
        #expect(exit == .signal(SIGTERM))
    }

    @Test func itsInputEndsWhenNobodyHoldsItAnyMore() async throws {
        var process: TrainerProcess? = try run("read job; read more; echo ended")
        let events = process!.events
        process = nil
        var lines: [String] = []
        for await case .line(let line) in events { lines.append(String(decoding: line, as: UTF8.self)) }
        #expect(lines == ["ended"])
    }

    @Test func aProgramThatIsNotThereIsAnError() {
        #expect(throws: (any Error).self) {
            try TrainerProcess(executable: "/nowhere/graftd", arguments: [], firstLine: Data())
        }
    }
}
