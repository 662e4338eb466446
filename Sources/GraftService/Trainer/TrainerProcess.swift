import Foundation
import Glibc

/// A child process that trains, at the lowest priority there is.
///
/// It runs under `SCHED_IDLE`, so that it yields to requests. The policy is set before `exec`, because it belongs to a
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

    package let pid: pid_t
    package let events: AsyncStream<Event>
    private let input: FileHandle

    /// Starts `executable` with `arguments` and writes `firstLine` to its standard input, which stays open.
    ///
    /// - Throws: `POSIXError` where the process cannot be started.
    package init(executable: String, arguments: [String], firstLine: Data) throws {
        let toChild = try CloseOnExecPipe()
        let fromChild = try CloseOnExecPipe()
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, toChild.reading.fileDescriptor, STDIN_FILENO)
        posix_spawn_file_actions_adddup2(&actions, fromChild.writing.fileDescriptor, STDOUT_FILENO)

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var parameters = sched_param(sched_priority: 0)
        posix_spawnattr_setschedpolicy(&attributes, Self.schedIdle)
        posix_spawnattr_setschedparam(&attributes, &parameters)
        // The daemon ignores the signals it handles by other means; its child must end by them.
        var signals = sigset_t()
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETSCHEDULER | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))

        let argv = ([executable] + arguments).map { strdup($0) } + [nil]
        defer { for argument in argv { free(argument) } }
        var pid: pid_t = 0
        let code = posix_spawn(&pid, executable, &actions, &attributes, argv, environ)
        guard code == 0 else { throw POSIXError(POSIXErrorCode(rawValue: code) ?? .EIO) }

        let child = pid
        self.pid = child
        input = toChild.writing
        try? toChild.reading.close()
        try? fromChild.writing.close()
        let (stream, continuation) = AsyncStream.makeStream(of: Event.self)
        events = stream
        let output = fromChild.reading
        let thread = Thread { Self.follow(child, output, continuation) }
        thread.name = "graftd-trainer-output"
        thread.start()
        try? input.write(contentsOf: firstLine + Data([UInt8(ascii: "\n")]))
    }

    /// Asks the child to stop; its `exited` event follows.
    package func cancel() { kill(pid, SIGTERM) }

    /// Reads lines until the child closes its output, then waits for its end.
    private static func follow(_ pid: pid_t, _ output: FileHandle, _ events: AsyncStream<Event>.Continuation) {
        var line = Data()
        while let chunk = try? output.read(upToCount: 64 << 10), !chunk.isEmpty {
            var rest = chunk[...]
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                line += rest[..<end]
                events.yield(.line(line))
                line = Data()
                rest = rest[(end + 1)...]
            }
            line += rest
            if line.count > lineLimit { kill(pid, SIGKILL) }
        }
        var status: Int32 = 0
        while waitpid(pid, &status, 0) == -1 && errno == EINTR {}
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
