import GraftClient

/// Shows on standard error how far a command is: a bar that moves on a terminal, else a line now and then.
///
/// It belongs to the task that receives the results.
final class ProgressBar {
    private let title: String
    private var estimate: ProgressEstimate
    private let start = ContinuousClock.now
    private var lastShown: ContinuousClock.Instant?
    private let interval: Duration = Terminal.errorsAreSeen ? .milliseconds(100) : .seconds(10)

    init(title: String, total: Int) {
        self.title = title
        estimate = ProgressEstimate(total: total)
    }

    func advance(to done: Int) {
        let now = ContinuousClock.now
        estimate.advance(to: done, at: now - start)
        // Without a terminal, a run that is over before the first interval leaves no line behind.
        let since = lastShown ?? (Terminal.errorsAreSeen ? nil : start)
        if let since, now - since < interval { return }
        lastShown = now
        show(estimate.line(title: title))
    }

    /// Steps per second over the whole run.
    var meanRate: Double {
        let seconds = (ContinuousClock.now - start).seconds
        return seconds > 0 ? Double(estimate.done) / seconds : 0
    }

    /// Removes the bar, so that what is printed next stands on a line of its own.
    func clear() { Self.clear() }

    private func show(_ line: String) { Self.show(line) }

    /// Draws `line` over the bar before it, or prints it where nobody sees it move.
    static func show(_ line: String) {
        // Carriage return, text, and "erase in line" (ECMA-48) for the rest of what stood there.
        Terminal.draw(Terminal.errorsAreSeen ? "\r\(line)\u{1B}[K" : "\(line)\n")
    }

    static func clear() {
        if Terminal.errorsAreSeen { Terminal.draw("\r\u{1B}[K") }
    }
}

extension ProgressEstimate {
    fileprivate func line(title: String) -> String {
        ProgressLine.text(
            title: title, estimate: self, width: Terminal.errorsAreSeen ? Terminal.width - 1 : 60,
            unicode: Terminal.isUnicode)
    }
}
