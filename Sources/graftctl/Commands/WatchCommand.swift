import ArgumentParser
import Foundation
import GraftAPI
import GraftClient

struct WatchCommand: DaemonCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Show what happens in the daemon, as it happens.",
        discussion: """
            Samples as they are taught and what had been guessed, training and its progress, new versions and what became \
            of them, and samples that are extracted again for another backbone. On a terminal, the progress of what runs \
            is drawn in the last line; elsewhere, each step of it is a line. --json prints one object per line: \
            {"data": ..., "event": ..., "time": ...}, with the data as GET /v1/events has it.

            It ends with Ctrl-C, after --count events or --seconds, and with the daemon: then the exit status is 1.

            Examples:
              graftctl watch --seconds 2
              graftctl watch --json --seconds 1 | jq -r .event
            """)

    @Option(help: ArgumentHelp("End after so many events.", valueName: "count")) var count: Int?
    @Option(help: ArgumentHelp("End after so many seconds.", valueName: "seconds")) var seconds: Double?
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: JSONOption

    func validate() throws {
        if let count, count < 1 { throw ValidationError("--count takes a number from 1 on, not \(count).") }
        if let seconds, !(seconds > 0 && seconds < 1e9) {
            throw ValidationError("--seconds takes a number above 0, not \(seconds).")
        }
    }

    func run(_ client: GraftClient) async throws {
        guard let seconds else { return try await watch(client) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await watch(client) }
            group.addTask { try await Task.sleep(for: .seconds(seconds)) }
            try await group.next()
            group.cancelAll()
        }
        ProgressBar.clear()
    }

    private func watch(_ client: GraftClient) async throws {
        let events = try await client.events()
        let view = EventView(json: output.json)
        if !output.json { view.begin(try await client.status()) }
        var seen = 0
        defer { view.end() }
        for try await event in events {
            try view.show(event)
            seen += 1
            if seen == count { return }
        }
        if !Task.isCancelled { throw CommandFailure("the daemon has ended, or restarts") }
    }
}

/// Prints events, one a line.
private final class EventView {
    private let json: Bool
    /// The line that is drawn last and goes on changing.
    private var progress: String?
    private var lastMessage: String?

    init(json: Bool) { self.json = json }

    func begin(_ status: Status) {
        Terminal.complain(Terminal.errorsAreSeen ? status.summary.printable : "watching: \(status.summary.printable)")
        if let job = status.training, job.state == .running { show(job) }
    }

    func end() { ProgressBar.clear() }

    func show(_ event: ServerSentEvent) throws {
        let decoded = try event.decoded()
        if json { return print(event) }
        switch decoded {
        case .train(let job) where job.state == .running: show(job)
        case .extraction(let state) where state.waiting > 0: show(state)
        case .some(let event):
            if case .train = event { progress = nil }
            if case .extraction = event { progress = nil }
            line(event.words.text, event.words.style)
        // A newer daemon's.
        case nil: line("\(event.name) \(event.data)", .dim)
        }
    }

    /// The data as the daemon sent it, so that nothing of a newer daemon is lost.
    private func print(_ event: ServerSentEvent) {
        let name = "\"\(event.name.filter { $0.isLetter || $0 == "_" })\""
        Swift.print("{\"data\":\(event.data.printable),\"event\":\(name),\"time\":\"\(Date().ISO8601Format())\"}")
        // At once, into a pipe too.
        fflush(nil)
    }

    private func line(_ words: String, _ style: Terminal.Style?) {
        ProgressBar.clear()
        let time = Terminal.styled(Self.clock(), .dim)
        Swift.print("\(time)  \(style.map { Terminal.styled(words.printable, $0) } ?? words.printable)")
        fflush(nil)
        if let progress { ProgressBar.show(progress) }
    }

    private func show(_ job: TrainJob) {
        guard Terminal.errorsAreSeen else {
            if job.message != lastMessage { line("training: \(job.message)", nil) }
            return lastMessage = job.message
        }
        draw("training", job.progress, job.message)
    }

    private func show(_ state: ExtractionProgress) {
        let words = "\(state.done) of \(state.total) samples extracted again"
        guard Terminal.errorsAreSeen else { return line("\(state.backbone): \(words)", nil) }
        draw(state.backbone, state.total == 0 ? 1 : Double(state.done) / Double(state.total), words)
    }

    private func draw(_ title: String, _ fraction: Double, _ details: String) {
        progress = ProgressLine.text(
            title: title, fraction: fraction, details: "  \(details)", width: Terminal.width - 1,
            unicode: Terminal.isUnicode)
        ProgressBar.show(progress ?? "")
    }

    private static func clock() -> String {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.dateFormat = "HH:mm:ss"
        return formatter.string(from: Date())
    }
}

extension ServiceEvent {
    /// The event in one line, and how it is coloured.
    fileprivate var words: (text: String, style: Terminal.Style?) {
        switch self {
        case .sample(let taught):
            let label = taught.label ?? "none of the labels"
            if let first = taught.duplicateOf { return ("known already  \(label)  (\(first))", .dim) }
            guard let guess = taught.predicted else { return ("taught  \(label)  (nothing was known to guess)", nil) }
            let isRight = guess.label == taught.label
            return (
                "taught  \(label)  (\(isRight ? "guessed" : "guessed \(guess.label),") \(Words.percent(guess.probability)))",
                isRight ? .green : .yellow
            )
        case .train(let job):
            let version = job.version.map { ", version \($0)" } ?? ""
            let style: Terminal.Style? = job.state == .failed ? .red : job.state == .published ? .green : nil
            return ("training \(job.state.rawValue)\(version): \(job.message)", style)
        case .published(let model): return ("version \(model.version) is published, and answers", .green)
        case .rejected(let rejected): return ("version \(rejected.version) was kept back: \(rejected.reason)", .yellow)
        case .activated(let activated):
            return ("version \(activated.model.version) answers; before, it was version \(activated.previous)", .green)
        case .rolledBack(let back):
            return (
                "version \(back.model.version) answers again, not version \(back.previous): \(back.reason)", .yellow
            )
        case .extraction(let state): return ("\(state.backbone): \(state.done) samples extracted again", nil)
        }
    }
}
