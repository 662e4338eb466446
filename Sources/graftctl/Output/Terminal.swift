import Foundation
import GraftAPI
import GraftClient

/// Standard output and standard error, and whether a person looks at them.
enum Terminal {
    /// Styles of ECMA-48, "select graphic rendition".
    enum Style: Int {
        case bold = 1
        case dim = 2
        case red = 31
        case green = 32
        case yellow = 33
    }

    private static let environment = ProcessInfo.processInfo.environment

    /// Whether results may be coloured (https://no-color.org).
    static let outputHasColours = hasColours(STDOUT_FILENO)
    /// Whether progress is drawn as a bar that moves.
    static let errorsAreSeen = isatty(STDERR_FILENO) == 1 && environment["TERM"] != "dumb"

    /// Whether the locale can show block characters.
    static let isUnicode: Bool = {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap { environment[$0] }.first { !$0.isEmpty }
        return locale?.lowercased().contains("utf") ?? false
    }()

    /// Columns of the terminal that shows standard error; 80 where it does not say.
    static var width: Int {
        var size = winsize()
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }

    static func styled(_ text: String, _ style: Style) -> String {
        outputHasColours ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
    }

    /// Writes a line to standard error.
    static func complain(_ line: String) { draw(line + "\n") }

    /// Writes to standard error as it is.
    static func draw(_ text: String) {
        // Where standard error is closed there is nobody to tell.
        try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
    }

    static func print(_ table: TextTable) {
        for line in table.lines(heading: { styled($0, .bold) }) { Swift.print(line) }
    }

    /// Prints a value of the API, or one that looks like it, as JSON.
    static func print(json value: some Encodable, pretty: Bool = true) throws {
        let data = try APICoding.encoder(pretty: pretty).encode(value)
        Swift.print(String(decoding: data, as: UTF8.self))
    }

    private static func hasColours(_ descriptor: Int32) -> Bool {
        isatty(descriptor) == 1 && environment["NO_COLOR"].map(\.isEmpty) ?? true && environment["TERM"] != "dumb"
    }
}
