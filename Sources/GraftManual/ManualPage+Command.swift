extension ManualPage {
    /// The pages of a program: one of its own, and one for each of its commands, whose own commands it describes.
    ///
    /// - Parameter seeAlso: Other pages, as in `graftd(8)`.
    package static func pages(
        of program: CommandHelp, section: Int, seeAlso: [String], date: String
    ) -> [ManualPage] {
        let name = program.commandName
        let commands = program.shownSubcommands
        var main = ManualPage(name, [name], program, section: section, date: date)
        // A program of few commands needs no page for each.
        let hasPages = commands.count > 3
        if !hasPages { main.describe(commands, below: [name]) }
        let names = hasPages ? commands.map { "\(name)-\($0.commandName)(\(section))" } : []
        if hasPages {
            main.section("COMMANDS")
            main.list(
                commands.map {
                    ("Xr \(name)-\($0.commandName) \(section)", sentence($0.abstract))
                })
        }
        main.finish(program, seeAlso: names + seeAlso)

        guard hasPages else { return [main] }
        return [main]
            + commands.map { command in
                let words = [name, command.commandName]
                var page = ManualPage(words.joined(separator: "-"), words, command, section: section, date: date)
                page.describe(command.shownSubcommands, below: words)
                page.finish(command, seeAlso: ["\(name)(\(section))"] + seeAlso)
                return page
            }
    }

    private init(_ name: String, _ words: [String], _ command: CommandHelp, section: Int, date: String) {
        self.init(name: name, section: section, description: phrase(command.abstract), date: date)
        self.section("SYNOPSIS")
        for (words, command) in command.all(below: words.dropLast()) where command.shownSubcommands.isEmpty {
            synopsis(words, command)
        }
        self.section("DESCRIPTION")
        if let abstract = command.abstract { paragraph(abstract) }
        explain(command)
    }

    private mutating func synopsis(_ words: [String], _ command: CommandHelp) {
        macro("Nm", words.joined(separator: " "))
        // A program with many commands has the options of each on its page.
        for argument in command.shownArguments where !argument.isHelp {
            macro(argument.isOptional ? "Op" : argument.kind == .positional ? "Ar" : "Fl", unescaped: argument.synopsis)
        }
    }

    private mutating func explain(_ command: CommandHelp) {
        let discussion = Discussion(command.discussion ?? "")
        for block in discussion.blocks {
            switch block {
            case .paragraph(let words): paragraph(words)
            case .literal(let lines): literal(lines)
            }
        }
        // Groups of options have titles; those without one come first.
        let arguments = command.shownArguments.filter { !$0.isHelp }
        var titles: [String?] = [nil]
        for title in arguments.map(\.sectionTitle) where !titles.contains(title) { titles.append(title) }
        for title in titles {
            let group = arguments.filter { $0.sectionTitle == title }
            guard !group.isEmpty else { continue }
            paragraph(title.map { "\($0):" } ?? "The options:")
            list(group.map { ($0.term, $0.meaning) })
        }
    }

    private mutating func describe(_ commands: [CommandHelp], below words: [String]) {
        guard !commands.isEmpty else { return }
        section("COMMANDS")
        for (words, command) in commands.flatMap({ $0.all(below: words) }) {
            macro("Ss", words.dropFirst().joined(separator: " "))
            if let abstract = command.abstract { paragraph(abstract) }
            explain(command)
            let examples = Discussion(command.discussion ?? "").examples
            if !examples.isEmpty {
                paragraph("Examples:")
                literal(examples)
            }
        }
    }

    private mutating func finish(_ command: CommandHelp, seeAlso: [String]) {
        let discussion = Discussion(command.discussion ?? "")
        if !discussion.exitStatuses.isEmpty {
            section("EXIT STATUS")
            list(discussion.exitStatuses.map { ($0.number, $0.meaning) })
        }
        if !discussion.examples.isEmpty {
            section("EXAMPLES")
            literal(discussion.examples)
        }
        references(seeAlso)
    }

    /// The section of other pages, each as in `graftd(8)`.
    package mutating func references(_ pages: [String]) {
        section("SEE ALSO")
        let sorted = pages.sorted { ($0.split(separator: "(").last!, $0) < ($1.split(separator: "(").last!, $1) }
        for (index, page) in sorted.enumerated() {
            let parts = page.dropLast().split(separator: "(")
            macro("Xr", unescaped: "\(parts[0]) \(parts[1])" + (index < sorted.count - 1 ? " ," : ""))
        }
    }

    private mutating func macro(_ name: String, unescaped arguments: String) {
        self.macro(name + " " + arguments)
    }
}

/// `abstract` as what follows a name: without a full stop, and beginning in lower case.
private func phrase(_ abstract: String?) -> String {
    var words = abstract ?? ""
    if words.hasSuffix(".") { words.removeLast() }
    return words.prefix(1).lowercased() + words.dropFirst()
}

private func sentence(_ words: String?) -> String { words ?? "" }

extension CommandHelp.Argument {
    fileprivate var isHelp: Bool { names?.contains { $0.name == "help" } ?? false }

    private var value: String { ManualPage.argument(valueName ?? "value") }

    /// What follows the macro that the argument begins with, in a synopsis: `Fl -json`, `Ar file ...`.
    fileprivate var synopsis: String {
        let more = isRepeating ? " ..." : ""
        switch kind {
        case .positional: return (isOptional ? "Ar " : "") + value + more
        case .flag: return (isOptional ? "Fl " : "") + flags.joined(separator: " | Fl ")
        case .option: return (isOptional ? "Fl " : "") + "\(flags.last ?? "") Ar \(value)\(more)"
        }
    }

    /// The same as the term of a list.
    fileprivate var term: String {
        switch kind {
        case .positional: "Ar \(value)"
        case .flag: "Fl " + flags.joined(separator: " , Fl ")
        case .option: "Fl " + flags.joined(separator: " , Fl ") + " Ar \(value)"
        }
    }

    /// `-json` for `--json`: mdoc puts the first dash.
    private var flags: [String] { (names ?? []).map { String($0.text.dropFirst()) } }

    fileprivate var meaning: String {
        var words = abstract ?? ""
        if let allValues, !allValues.isEmpty { words += " One of \(allValues.joined(separator: ", "))." }
        if let defaultValue, kind != .flag { words += " The default is \(defaultValue)." }
        return words
    }
}
