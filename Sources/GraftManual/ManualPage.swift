/// A page of the manual in mdoc(7), which groff and mandoc read.
package struct ManualPage: Sendable {
    /// A file's name, `graftctl.1`.
    package let fileName: String
    package private(set) var text: String

    /// - Parameters:
    ///   - name: What `man` is asked for.
    ///   - description: What it is, in a few words without a full stop.
    ///   - date: As in `November 25, 2026`.
    package init(name: String, section: Int, description: String, date: String) {
        fileName = "\(name).\(section)"
        text = """
            .\\" Generated from the program's own help: change that.
            .Dd \(date)
            .Dt \(name.uppercased()) \(section)
            .Os graftd
            .Sh NAME
            .Nm \(name)
            .Nd \(Self.escaped(description))

            """
    }

    /// A line that begins with a macro.
    package mutating func macro(_ name: String, _ arguments: String...) {
        text += ([".\(name)"] + arguments.map(Self.argument)).joined(separator: " ") + "\n"
    }

    package mutating func section(_ title: String) { macro("Sh", title) }

    package mutating func paragraph(_ words: String) {
        // A section's first paragraph follows its title at once.
        if !endsWithTitle { text += ".Pp\n" }
        text += Self.escaped(words) + "\n"
    }

    /// Lines that keep their breaks and spaces.
    package mutating func literal(_ lines: [String]) {
        text += ".Bd -literal -offset indent\n"
        for line in lines { text += Self.escaped(line, literally: true) + "\n" }
        macro("Ed")
    }

    /// A list of terms, each a macro line without its dot, with what they mean.
    package mutating func list(_ items: [(term: String, meaning: String)]) {
        guard !items.isEmpty else { return }
        text += ".Bl -tag -width Ds\n"
        for item in items { text += ".It \(item.term)\n\(Self.escaped(item.meaning))\n" }
        macro("El")
    }

    private var endsWithTitle: Bool {
        let last = text.dropLast().split(separator: "\n").last ?? ""
        return last.hasPrefix(".Sh") || last.hasPrefix(".Ss") || last.hasPrefix(".It")
    }

    /// `words` as text that holds no request of the formatter.
    package static func escaped(_ words: String, literally: Bool = false) -> String {
        var result = words.replacing("\\", with: "\\e")
        if literally {
            // So that what is copied from a page is typed: a bare - may come out as a hyphen, ' and ` as quotes.
            result = result.replacing("-", with: "\\-").replacing("'", with: "\\(aq").replacing("`", with: "\\(ga")
        } else {
            // Options within a sentence too.
            result = result.replacing("--", with: "\\-\\-")
            // A sentence begins a line, so that formatters know where to put its space.
            result = result.replacing(/([.!?][)"]?) +(?=[A-Z0-9"\\$])/) { "\($0.output.1)\n" }
        }
        return result.split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0.hasPrefix(".") || $0.hasPrefix("'") ? "\\&" + $0 : $0 }
            .joined(separator: "\n")
    }

    /// `word` as one argument of a macro, which is no macro itself.
    package static func argument(_ word: String) -> String {
        let text = word.replacing("\\", with: "\\e").replacing("\"", with: "\\(dq")
        let quoted = text.contains(" ") || text.isEmpty ? "\"\(text)\"" : text
        // Names of two or three letters, and lone punctuation, mean something to mdoc.
        let means = text.count <= 3 && !text.hasPrefix("-") && text.first.map { !$0.isNumber } ?? false
        return means ? "\\&" + quoted : quoted
    }
}
