import ArgumentParser
import Foundation

/// Whether what cannot be undone is done without asking.
struct ConfirmationOption: ParsableArguments {
    @Flag(name: .shortAndLong, help: "Do not ask.") var yes = false

    /// Returns where the answer to `question` is yes.
    ///
    /// - Throws: where it is no, or nobody can be asked.
    func confirm(_ question: String) throws(CommandFailure) {
        if yes { return }
        guard isatty(STDIN_FILENO) == 1, isatty(STDERR_FILENO) == 1 else {
            throw CommandFailure("\(question) Nobody can be asked here: repeat with --yes")
        }
        Terminal.draw("\(question.printable) [y/N] ")
        let answer = readLine()?.lowercased() ?? ""
        guard answer == "y" || answer == "yes" else { throw CommandFailure("nothing was changed") }
    }
}
