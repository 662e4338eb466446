import Foundation
import Glibc
import Synchronization

/// A child process that trains, at the lowest priority there is.
///
/// It runs under `SCHED_IDLE`, so that it yields to requests. The policy is there before `exec`, because it belongs to a
/// thread and libraries start threads of their own as they are loaded.
package struct TrainerProcess: Sendable {
    /// What the child said or how it ended; `exited` is the last.
    package enum Event: Sendable {
        case line(Data)
        case exited(Exit)
    }

    package enum Exit: Sendable, Equatable, CustomStringConvertible {
        case status(Int32)
        case signal(Int32)

        package var description: String {
            switch self {
            case .status(let status): "exit status \(status)"
            case .signal(let signal): "signal \(signal) (\(String(cString: strsignal(signal))))"
            }
        }
    }

    /// `SCHED_IDLE` of sched(7), which the C library shows to GNU programs only.
    private static let schedIdle: Int32 = 5
    /// The longest line that is read from the child; one with a million samples' answers fits.
    private static let lineLimit = 256 << 20

    /// This very program, whichever file it was started from.
    package static let thisProgram = "/proc/self/exe"

    private let child: Child
    package let events: AsyncStream<Event>
    private let input: FileHandle

    /// Starts `executable` with `arguments` and writes `firstLine` to its standard input, which stays open.
    ///
    /// - Throws: `POSIXError` where the process cannot be started.
    package init(executable: String, arguments: [String], firstLine: Data) throws {
        let toChild = try CloseOnExecPipe()
        let fromChild = try CloseOnExecPipe()
        child = Child(
            try Self.spawnIdle(
                executable, arguments, input: toChild.reading.fileDescriptor,
                output: fromChild.writing.fileDescriptor))
        input = toChild.writing
        try? toChild.reading.close()
        try? fromChild.writing.close()
        let (stream, continuation) = AsyncStream.makeStream(of: Event.self)
        events = stream
        let thread = Thread { [child, output = fromChild.reading] in Self.follow(child, output, continuation) }
        thread.name = "trainer-output"
        thread.start()
        try? input.write(contentsOf: firstLine + Data([UInt8(ascii: "\n")]))
    }

    /// Starts a process that inherits `SCHED_IDLE` from a thread made for that: the C library's `posix_spawn` takes no such
    /// policy itself, and a thread without privileges cannot leave it again.
    private static func spawnIdle(
        _ executable: String, _ arguments: [String], input: Int32, output: Int32
    ) throws -> pid_t {
        let spawned = Spawned()
        let thread = Thread {
            var parameters = sched_param(sched_priority: 0)
            // Where the system refuses, the trainer runs all the same, only not as politely.
            _ = sched_setscheduler(0, schedIdle, &parameters)
            spawned.result.withLock { $0 = spawn(executable, arguments, input: input, output: output) }
            spawned.done.signal()
        }
        thread.start()
        spawned.done.wait()
        return try spawned.result.withLock { $0 }.get()
    }

    /// What the thread that spawns hands back.
    private final class Spawned: Sendable {
        let result = Mutex<Result<pid_t, POSIXError>>(.failure(POSIXError(.EIO)))
        let done = DispatchSemaphore(value: 0)
    }

    private static func spawn(
        _ executable: String, _ arguments: [String], input: Int32, output: Int32
    ) -> Result<pid_t, POSIXError> {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO)
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        // The server's sockets are not closed on exec: a trainer that outlived a killed daemon would answer in its place, and
        // keep clients waiting whose connections the daemon has closed.
        _ = addCloseFrom?(&actions, STDERR_FILENO + 1)

        // The daemon ignores the signals it handles by other means; its child must end by them.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))

        let argv = ([executable] + arguments).map { strdup($0) } + [nil]
        defer { for argument in argv { free(argument) } }
        var pid: pid_t = 0
        let code = posix_spawn(&pid, executable, &actions, &attributes, argv, environ)
        return code == 0 ? .success(pid) : .failure(POSIXError(POSIXErrorCode(rawValue: code) ?? .EIO))
    }

    /// `posix_spawn_file_actions_addclosefrom_np`, which the C library shows to GNU programs only.
    private static let addCloseFrom = dlsym(nil, "posix_spawn_file_actions_addclosefrom_np").map {
        unsafeBitCast(
            $0, to: (@convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, Int32) -> Int32).self)
    }

    package var pid: pid_t { child.pid }

    /// Asks the child to stop, and makes it where it does not; its `exited` event follows.
    package func cancel() {
        child.signal(SIGTERM)
        // One that was stopped hears nothing else.
        child.signal(SIGCONT)
        Task { [child] in
            try? await Task.sleep(for: Self.patience)
            child.signal(SIGKILL)
        }
    }

    /// Ends the child at once.
    package func kill() { child.signal(SIGKILL) }

    /// How long the child may take to stop.
    private static let patience = Duration.seconds(5)

    /// A process that is signalled only as long as it is ours: afterwards its number may be another's.
    private final class Child: Sendable {
        let pid: pid_t
        private let hasEnded = Mutex(false)

        init(_ pid: pid_t) { self.pid = pid }

        func signal(_ signal: Int32) {
            hasEnded.withLock { if !$0 { _ = Glibc.kill(pid, signal) } }
        }

        /// Waits for its end and returns its status.
        func wait() -> Int32 {
            // It stays a zombie, whose number nobody else has, until no more signals are sent.
            var information = siginfo_t()
            while waitid(P_PID, id_t(pid), &information, WEXITED | WNOWAIT) == -1 && errno == EINTR {}
            hasEnded.withLock { $0 = true }
            var status: Int32 = 0
            while waitpid(pid, &status, 0) == -1 && errno == EINTR {}
            return status
        }
    }

    /// Reads lines until the child closes its output, then waits for its end.
    private static func follow(_ child: Child, _ output: FileHandle, _ events: AsyncStream<Event>.Continuation) {
        var line = Data()
        while true {
            // What there is, at once: a read of a given length would wait for all of it.
            let chunk = output.availableData
            guard !chunk.isEmpty else { break }
            var rest = chunk[...]
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                line += rest[..<end]
                events.yield(.line(line))
                line = Data()
                rest = rest[(end + 1)...]
            }
            line += rest
            if line.count > lineLimit {
                child.signal(SIGKILL)
                line = Data()
            }
        }
        let status = child.wait()
        let signal = status & 0x7f
        events.yield(.exited(signal == 0 ? .status((status >> 8) & 0xff) : .signal(signal)))
        events.finish()
    }
}

/// A pipe whose ends no other child inherits: an end that a stranger holds would hide that ours was closed.
private struct CloseOnExecPipe {
    let reading: FileHandle
    let writing: FileHandle

    init() throws {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EMFILE) }
        // Not at once with its creation, which is no harm: this type is all that starts children.
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        reading = FileHandle(fileDescriptor: ends[0], closeOnDealloc: true)
        writing = FileHandle(fileDescriptor: ends[1], closeOnDealloc: true)
    }
}
