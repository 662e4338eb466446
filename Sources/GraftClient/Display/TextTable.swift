/// A table in aligned columns, for a terminal.
package struct TextTable: Sendable {
    package enum Alignment: Sendable { case left, right }

    /// One column.
    package struct Column: Sendable {
        package var title: String
        package var alignment: Alignment

        package init(_ title: String, _ alignment: Alignment = .left) {
            self.title = title
            self.alignment = alignment
        }

        /// A column of numbers.
        package static func number(_ title: String) -> Column { Column(title, .right) }
    }

    package let columns: [Column]
    package private(set) var rows: [[String]] = []

    package init(_ columns: [Column]) { self.columns = columns }

    /// - Precondition: one cell per column.
    package mutating func add(_ cells: String...) { add(cells) }

    /// - Precondition: one cell per column.
    package mutating func add(_ cells: [String]) {
        precondition(cells.count == columns.count, "\(cells.count) cells for \(columns.count) columns")
        rows.append(cells.map(\.printable))
    }

    /// The lines, the titles first. Columns are two spaces apart, and no line ends in spaces.
    ///
    /// - Parameter heading: Styles the line of titles, for instance in bold.
    package func lines(heading: (String) -> String = { $0 }) -> [String] {
        let titles = columns.map(\.title)
        let widths = columns.indices.map { index in ([titles] + rows).map { $0[index].columns }.max() ?? 0 }
        return [heading(line(titles, widths: widths))] + rows.map { line($0, widths: widths) }
    }

    private func line(_ cells: [String], widths: [Int]) -> String {
        var text = ""
        for (index, cell) in cells.enumerated() {
            let padding = String(repeating: " ", count: widths[index] - cell.columns)
            if index > 0 { text += "  " }
            text += columns[index].alignment == .left ? cell + padding : padding + cell
        }
        while text.last == " " { text.removeLast() }
        return text
    }
}
