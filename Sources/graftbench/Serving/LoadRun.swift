import Foundation
import Synchronization

/// What clients ask, and how: each has a connection and a thread of its own.
struct LoadRun: Sendable {
    var socket: String
    var clients: Int
    /// From when each client has been answered once, so that every answer that is counted came while all of them asked.
    var seconds: Double
    var kind = BodyKind.raw
    /// The part of requests that teach; the others classify.
    var taught = 0.0
    /// The time from one request's start to the next one's, whether or not it was answered; nil for as soon as it was.
    var interval: Duration?

    /// What came of it.
    struct Outcome: Sendable {
        /// Milliseconds from when a request was sent, or should have been, to its answer, without each client's first.
        var classified: [Double] = []
        var taught: [Double] = []
        /// How often each status was answered.
        var statuses: [Int: Int] = [:]
        /// Answers of 503 that did not say when to come back.
        var withoutRetryAfter = 0
        /// In words, what failed that is no answer.
        var failures: [String] = []
        /// Answers that came in time.
        var answered = 0
        var seconds = 0.0

        var rate: Double { Double(answered) / seconds }
        /// Answers that are none of success.
        var refused: Int { statuses.filter { !(200..<300).contains($0.key) }.values.reduce(0, +) }

        mutating func add(_ other: Outcome) {
            classified += other.classified
            taught += other.taught
            statuses.merge(other.statuses, uniquingKeysWith: +)
            withoutRetryAfter += other.withoutRetryAfter
            failures += other.failures
            answered += other.answered
        }
    }

    /// Runs the load and returns when its time is over and every request has been answered.
    func run() async -> Outcome {
        // To make the images takes a while, in which nobody would be asked.
        let questions = (0..<clients).map { client in
            request(
                "POST", "/v1/classify", type: kind.mediaType,
                body: kind.body(label: client, seed: UInt64(client) + 1))
        }
        let clock = LoadClock(clients: clients, seconds: seconds)
        return await withTaskGroup(of: Outcome.self) { group in
            for (client, question) in questions.enumerated() {
                group.addTask { await onThread { ask(question, as: client, by: clock) } }
            }
            var total = Outcome(seconds: seconds)
            for await outcome in group { total.add(outcome) }
            return total
        }
    }

    /// The life of one client.
    private func ask(_ question: [UInt8], as client: Int, by clock: LoadClock) -> Outcome {
        var outcome = Outcome()
        var number = 0
        do {
            let connection = try KeepAliveConnection(socket: socket)
            // Clients do not teach all at once.
            var owed = (Double(client) * taught).truncatingRemainder(dividingBy: 1)
            var due = ContinuousClock.now
            while clock.runs {
                owed += taught
                let teaches = owed >= 1
                if teaches { owed -= 1 }
                let message = teaches ? lesson(client: client, number: number) : question
                if let interval {
                    due += interval
                    Thread.sleep(forTimeInterval: max(0, (due - .now) / .seconds(1)))
                } else {
                    due = .now
                }
                let answer = try connection.send(message)
                let end = ContinuousClock.now
                if number == 0 { clock.noteFirstAnswer() } else if clock.counts(end) { outcome.answered += 1 }
                outcome.statuses[answer.status, default: 0] += 1
                if answer.status == 503, answer.retryAfter == nil { outcome.withoutRetryAfter += 1 }
                if number > 0, (200..<300).contains(answer.status) {
                    let milliseconds = (end - due) / .milliseconds(1)
                    if teaches { outcome.taught.append(milliseconds) } else { outcome.classified.append(milliseconds) }
                }
                number += 1
            }
        } catch {
            outcome.failures.append("client \(client): \(error)")
            // The others need not wait for it.
            if number == 0 { clock.noteFirstAnswer() }
        }
        return outcome
    }

    /// A teach request of an image that no other has.
    private func lesson(client: Int, number: Int) -> [UInt8] {
        let seed = UInt64.random(in: 1 << 32..<1 << 60)
        return request(
            "POST", "/v1/samples?label=\(LoadLabel.name(client + number))", type: kind.mediaType,
            body: kind.body(label: (client + number) % LoadLabel.count, seed: seed))
    }
}

/// The time of a load, which begins when each client has been answered once.
private final class LoadClock: Sendable {
    private let seconds: Double
    private let state: Mutex<(missing: Int, start: ContinuousClock.Instant?)>

    init(clients: Int, seconds: Double) {
        self.seconds = seconds
        state = Mutex((clients, nil))
    }

    /// The client that calls it has been answered for the first time, or will not be.
    func noteFirstAnswer() {
        state.withLock { state in
            state.missing -= 1
            if state.missing == 0 { state.start = .now }
        }
    }

    /// Whether clients go on asking.
    var runs: Bool { start.map { .now < $0 + .seconds(seconds) } ?? true }

    /// Whether an answer that came at `end` came in time.
    func counts(_ end: ContinuousClock.Instant) -> Bool {
        start.map { $0 <= end && end <= $0 + .seconds(seconds) } ?? false
    }

    private var start: ContinuousClock.Instant? { state.withLock { $0.start } }
}

/// What `body` returns, run on a thread of its own, which may block.
func onThread<R: Sendable>(_ body: @escaping @Sendable () -> R) async -> R {
    await withCheckedContinuation { continuation in
        let thread = Thread { continuation.resume(returning: body()) }
        thread.stackSize = 512 << 10
        thread.start()
    }
}
