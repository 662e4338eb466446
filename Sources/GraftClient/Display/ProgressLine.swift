import Foundation

/// The text of a progress bar.
package enum ProgressLine {
    /// One line of at most `width` columns: title, bar, count, percentage, rate and time left.
    ///
    /// - Parameter unicode: Whether the bar may use block characters; else it is drawn in ASCII.
    package static func text(title: String, estimate: ProgressEstimate, width: Int, unicode: Bool = true) -> String {
        let count = "\(estimate.done)/\(estimate.total)"
        let rate = estimate.rate.map { "  " + String(format: $0 < 10 ? "%.1f/s" : "%.0f/s", $0) } ?? ""
        let left = estimate.remaining.map { "  ETA \($0.clock)" } ?? ""
        return text(
            title: title, fraction: estimate.fraction, details: " \(count)\(rate)\(left)", width: width,
            unicode: unicode)
    }

    /// The same for a job that tells only the fraction that is done, in `0...1`, and what it does.
    package static func text(
        title: String, fraction: Double, details: String, width: Int, unicode: Bool = true
    ) -> String {
        let percent = String(format: "%3.0f%%", (min(max(fraction, 0), 1) * 100).rounded(.down))
        // Brackets and the space before the bar; below a few cells a bar says nothing.
        let cells = min(40, width - title.columns - percent.count - details.columns - 4)
        let bar = cells >= 8 ? " [\(Self.bar(fraction, cells: cells, unicode: unicode))]" : ""
        let line = "\(title.printable)\(bar) \(percent)\(details.printable)"
        return line.fitted(to: width)
    }

    /// `cells` columns, of which the share `fraction` is filled.
    package static func bar(_ fraction: Double, cells: Int, unicode: Bool = true) -> String {
        precondition(cells >= 0)
        let filled = Int((min(max(fraction, 0), 1) * Double(cells)).rounded(.down))
        return String(repeating: unicode ? "█" : "#", count: filled)
            + String(repeating: unicode ? "░" : ".", count: cells - filled)
    }
}

extension String {
    /// The text cut to `width` columns, the last of which then shows that something was cut.
    package func fitted(to width: Int) -> String {
        guard columns > width else { return self }
        var result = ""
        var used = 0
        for character in self {
            let next = String(character).columns
            guard used + next <= width - 1 else { break }
            result.append(character)
            used += next
        }
        return width > 0 ? result + "…" : ""
    }
}
