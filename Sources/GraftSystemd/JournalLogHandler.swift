import Glibc
import Logging

/// Logs to the journal: metadata become fields (`version` is `GRAFTD_VERSION`), and notable events carry their `MESSAGE_ID`, by
/// which `journalctl MESSAGE_ID=…` finds them.
package struct JournalLogHandler: LogHandler {
    package var logLevel = Logger.Level.info
    package var metadata: Logger.Metadata = [:]
    private let identifier: String
    private let messageID: @Sendable (String) -> String?

    /// The metadata key that names a notable event.
    package static let eventKey = "event"

    /// - Parameters:
    ///   - identifier: What `journalctl` shows before each message.
    ///   - messageID: The 128-bit identifier of a notable event, by its name.
    package init(identifier: String, messageID: @escaping @Sendable (String) -> String?) {
        self.identifier = identifier
        self.messageID = messageID
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        let fields = fields(of: event)
        if !Journal.send(fields) {
            // The journal restarts, or is gone: what reads standard error takes it.
            let line = Array("<\(event.level.priority)>\(fields[0].value)\n".utf8)
            _ = line.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
        }
    }

    /// The message's fields, as the journal names them; the first is `MESSAGE`.
    package func fields(of event: LogEvent) -> [(name: String, value: String)] {
        let metadata = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
        let shown = metadata.filter { $0.key != Self.eventKey }.map { "\($0.key) \($0.value)" }
        var fields = [
            ("MESSAGE", "\(event.message)" + (shown.isEmpty ? "" : " (\(shown.joined(separator: ", ")))")),
            ("PRIORITY", "\(event.level.priority)"),
            ("SYSLOG_IDENTIFIER", identifier),
            ("CODE_FILE", event.file), ("CODE_LINE", "\(event.line)"), ("CODE_FUNC", event.function),
        ]
        for (key, value) in metadata {
            if key == Self.eventKey, let id = messageID("\(value)") { fields.append(("MESSAGE_ID", id)) }
            fields.append((Self.fieldName(of: key), "\(value)"))
        }
        return fields
    }

    /// `balancedAccuracy` as `GRAFTD_BALANCED_ACCURACY`: the journal takes capitals, digits and underscores, 64 at most.
    package static func fieldName(of key: String) -> String {
        let words = key.reduce(into: "") { $0 += $1.isUppercase ? "_\($1)" : String($1) }.uppercased()
        let allowed = words.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" }
        return String(("GRAFTD_" + String(allowed)).prefix(64))
    }
}

extension Logger.Level {
    /// As syslog(3) counts.
    var priority: Int {
        switch self {
        case .trace, .debug: 7
        case .info: 6
        case .notice: 5
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }
}
