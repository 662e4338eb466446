import Foundation

/// A command as ArgumentParser describes it with `--experimental-dump-help`: what its pages of the manual are made from.
package struct CommandHelp: Decodable, Sendable, Equatable {
    /// One option, flag or argument.
    package struct Argument: Decodable, Sendable, Equatable {
        package enum Kind: String, Decodable, Sendable { case positional, option, flag }

        package struct Name: Decodable, Sendable, Equatable {
            var kind: String
            var name: String

            /// As it is typed.
            package var text: String { kind == "long" ? "--\(name)" : "-\(name)" }
        }

        package var kind: Kind
        package var names: [Name]?
        package var valueName: String?
        package var abstract: String?
        package var defaultValue: String?
        package var allValues: [String]?
        package var sectionTitle: String?
        package var isOptional: Bool
        package var isRepeating: Bool
        package var shouldDisplay: Bool
    }

    package var commandName: String
    package var abstract: String?
    package var discussion: String?
    package var shouldDisplay: Bool
    package var defaultSubcommand: String?
    package var subcommands: [CommandHelp]?
    package var arguments: [Argument]?

    /// The command that `dump`, the output of `_dumpHelp()`, describes.
    package init(dump: String) throws {
        struct Tool: Decodable { var command: CommandHelp }
        self = try JSONDecoder().decode(Tool.self, from: Data(dump.utf8)).command
    }

    /// The commands below this one that help shows.
    package var shownSubcommands: [CommandHelp] {
        (subcommands ?? []).filter { $0.shouldDisplay && $0.commandName != "help" }
    }

    /// The arguments that help shows.
    package var shownArguments: [Argument] { (arguments ?? []).filter(\.shouldDisplay) }

    /// Every command of the tree that help shows, this one first, with the words that call it.
    package func all(below words: [String] = []) -> [(words: [String], command: CommandHelp)] {
        let words = words + [commandName]
        return [(words, self)] + shownSubcommands.flatMap { $0.all(below: words) }
    }
}
