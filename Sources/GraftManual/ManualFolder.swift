import Foundation

/// Writes what a package installs beside a program: pages of the manual, and completions of shells.
package struct ManualFolder: Sendable {
    /// Where `usr` is: files go to `share/man` and to the folders that shells look into.
    package let prefix: URL

    package init(prefix: String) { self.prefix = URL(filePath: prefix) }

    /// By the names that ArgumentParser has for them, too.
    private enum Shell: String, CaseIterable {
        case bash, zsh, fish

        /// Where Debian's shells look for the completions of `program`, below the prefix.
        func path(_ program: String) -> String {
            switch self {
            case .bash: "share/bash-completion/completions/\(program)"
            case .zsh: "share/zsh/vendor-completions/_\(program)"
            case .fish: "share/fish/vendor_completions.d/\(program).fish"
            }
        }
    }

    /// Writes a page, and returns its path below the prefix.
    @discardableResult
    package func write(_ page: ManualPage) throws -> String {
        let section = page.fileName.split(separator: ".").last!
        return try write(page.text, to: "share/man/man\(section)/\(page.fileName)")
    }

    /// Writes the completions of `program` for each shell, and returns their paths below the prefix.
    ///
    /// - Parameter script: Makes those for the shell of this name.
    package func writeCompletions(of program: String, script: (_ shell: String) -> String) throws -> [String] {
        try Shell.allCases.map { shell in
            let text = script(shell.rawValue)
            return try write(text.hasSuffix("\n") ? text : text + "\n", to: shell.path(program))
        }
    }

    private func write(_ text: String, to path: String) throws -> String {
        let file = prefix.appending(path: path)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o755])
        try Data(text.utf8).write(to: file)
        chmod(file.path, 0o644)
        return path
    }

    /// The date of pages: that of the sources where `SOURCE_DATE_EPOCH` says so (reproducible-builds.org), else today.
    package static func date(environment: [String: String]) -> String {
        let seconds = environment["SOURCE_DATE_EPOCH"].flatMap(Double.init)
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(identifier: "UTC")
        formatter.dateFormat = "MMMM d, yyyy"
        return formatter.string(from: seconds.map { Date(timeIntervalSince1970: $0) } ?? Date())
    }
}
