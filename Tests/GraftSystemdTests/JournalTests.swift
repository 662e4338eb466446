import Glibc
import GraftSystemd
import Logging
import Testing

@Suite struct JournalTests {
    private let handler = JournalLogHandler(identifier: "graftd") { $0 == "published" ? "0123456789abcdef" : nil }

    private func fields(_ level: Logger.Level, _ message: Logger.Message, _ metadata: Logger.Metadata) -> [String:
        String]
    {
        let event = LogEvent(
            level: level, message: message, metadata: metadata, source: nil, file: "Learner.swift",
            function: "publish()",
            line: 7)
        return Dictionary(handler.fields(of: event).map { ($0.name, $0.value) }) { first, _ in first }
    }

    @Test func metadataBecomeFieldsAndAreShown() {
        let fields = fields(
            .notice, "version published", ["version": "3", "balancedAccuracy": "0.75", "event": "published"])
        #expect(
            fields == [
                "MESSAGE": "version published (balancedAccuracy 0.75, version 3)", "PRIORITY": "5",
                "SYSLOG_IDENTIFIER": "graftd", "CODE_FILE": "Learner.swift", "CODE_LINE": "7", "CODE_FUNC": "publish()",
                "GRAFTD_VERSION": "3", "GRAFTD_BALANCED_ACCURACY": "0.75", "GRAFTD_EVENT": "published",
                "MESSAGE_ID": "0123456789abcdef",
            ])
    }

    @Test func onlyNotableEventsHaveAnIdentifier() {
        #expect(fields(.error, "disk full", ["event": "other"])["MESSAGE_ID"] == nil)
        #expect(fields(.error, "disk full", [:])["MESSAGE"] == "disk full")
    }

    @Test(arguments: [
        (Logger.Level.trace, "7"), (.debug, "7"), (.info, "6"), (.notice, "5"), (.warning, "4"), (.error, "3"),
        (.critical, "2"),
    ])
    func levelsAreThoseOfSyslog(level: Logger.Level, priority: String) {
        #expect(fields(level, "", [:])["PRIORITY"] == priority)
    }

    @Test func fieldNamesAreWhatTheJournalTakes() {
        #expect(JournalLogHandler.fieldName(of: "inferenceMilliseconds") == "GRAFTD_INFERENCE_MILLISECONDS")
        #expect(JournalLogHandler.fieldName(of: "hb.request é") == "GRAFTD_HB_REQUEST__")
        #expect(JournalLogHandler.fieldName(of: String(repeating: "a", count: 99)).utf8.count == 64)
    }

    @Test func theJournalIsRecognisedByTheStreamItGave() {
        var status = stat()
        fstat(STDERR_FILENO, &status)
        #expect(Journal.readsStandardError("\(status.st_dev):\(status.st_ino)"))
        #expect(!Journal.readsStandardError("\(status.st_dev):\(status.st_ino + 1)"))
        #expect(!Journal.readsStandardError("nonsense"))
        #expect(!Journal.readsStandardError(nil))
    }
}
