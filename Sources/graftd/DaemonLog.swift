import GraftService
import GraftSystemd
import Logging
import Synchronization

/// The log of the daemon: the journal where that reads standard error anyway, else standard error.
enum DaemonLog {
    /// The level that holds now, for every logger at once.
    private static let level = Mutex(Logger.Level.info)

    static func bootstrap(level: String) {
        setLevel(level)
        let toJournal = Journal.readsStandardError()
        LoggingSystem.bootstrap { label in
            let base: any LogHandler =
                toJournal
                ? JournalLogHandler(identifier: "graftd") { NotableEvent(rawValue: $0)?.messageID }
                : StreamLogHandler.standardError(label: label)
            return SharedLevelHandler(base: base)
        }
    }

    static func setLevel(_ name: String) {
        level.withLock { $0 = Logger.Level(rawValue: name) ?? .info }
    }

    /// Logs through `base` what the daemon's level lets through.
    private struct SharedLevelHandler: LogHandler {
        var base: any LogHandler
        /// What this logger was told to keep silent below; nil for nothing.
        private var floor: Logger.Level?

        init(base: any LogHandler) {
            self.base = base
            self.base.logLevel = .trace
        }

        var logLevel: Logger.Level {
            get {
                let shared = DaemonLog.level.withLock { $0 }
                return floor.map { max($0, shared) } ?? shared
            }
            set { floor = newValue }
        }
        var metadata: Logger.Metadata {
            get { base.metadata }
            set { base.metadata = newValue }
        }

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { base[metadataKey: key] }
            set { base[metadataKey: key] = newValue }
        }

        func log(event: LogEvent) { base.log(event: event) }
    }
}
