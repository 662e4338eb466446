/// The text that explains a command, in its parts: blocks are divided by empty lines, and what is indented is shown as it is.
package struct Discussion: Sendable, Equatable {
    package enum Block: Sendable, Equatable {
        case paragraph(String)
        case literal([String])
    }

    package private(set) var blocks: [Block] = []
    /// The lines below `Examples:`, each of which a shell can run.
    package private(set) var examples: [String] = []
    /// The lines below `Exit status:`: the number, and what it means.
    package private(set) var exitStatuses: [(number: String, meaning: String)] = []

    package init(_ text: String) {
        var current: [Substring] = []
        for line in (text + "\n").split(separator: "\n", omittingEmptySubsequences: false) {
            if line.isEmpty {
                add(current)
                current = []
            } else {
                current.append(line)
            }
        }
    }

    private mutating func add(_ lines: [Substring]) {
        let heading = lines.first
        let indented = lines.dropFirst().map { $0.drop(while: { $0 == " " }) }
        switch heading {
        case nil: break
        case "Examples:"?: examples += indented.map(String.init)
        case "Exit status:"?:
            exitStatuses += indented.map { line in
                let number = line.prefix { $0.isNumber }
                return (String(number), String(line.dropFirst(number.count).drop(while: { $0 == " " })))
            }
        default:
            var literal: [String] = []
            for line in lines {
                if line.hasPrefix("  ") {
                    literal.append(String(line.dropFirst(2)))
                } else {
                    flush(&literal)
                    blocks.append(.paragraph(String(line)))
                }
            }
            flush(&literal)
        }
    }

    private mutating func flush(_ literal: inout [String]) {
        if !literal.isEmpty { blocks.append(.literal(literal)) }
        literal = []
    }

    package static func == (left: Self, right: Self) -> Bool {
        left.blocks == right.blocks && left.examples == right.examples
            && left.exitStatuses.elementsEqual(right.exitStatuses, by: ==)
    }
}
