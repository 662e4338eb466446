/// The answer to `GET /v1/doctor`: what was looked at in the state, and what is wrong with it.
package struct Examination: Codable, Sendable, Equatable {
    /// The folder.
    package var state: String
    /// Whether a daemon uses it.
    package var inUse: Bool
    package var findings: [Finding]

    /// Whether nothing is left that has to be done.
    package var isHealthy: Bool { findings.allSatisfy { $0.severity != .problem } }

    package init(state: String, inUse: Bool, findings: [Finding]) {
        self.state = state
        self.inUse = inUse
        self.findings = findings
    }
}

/// What came of looking at one thing.
package struct Finding: Codable, Sendable, Equatable {
    package enum Severity: String, Codable, Sendable {
        /// As it should be.
        case good
        /// Worth knowing; nothing has to be done.
        case note
        /// Something has to be done.
        case problem
        /// It was a problem, and has been repaired.
        case repaired
    }

    /// What was looked at: `folder`, `lock`, `database`, `schema`, `samples`, `statistics`, `versions`, `backbones`, `files`,
    /// `space` or `socket`.
    package var subject: String
    package var severity: Severity
    /// What was found.
    package var detail: String
    /// What to do; absent where nothing has to be.
    package var remedy: String?

    package init(_ subject: String, _ severity: Severity, _ detail: String, remedy: String? = nil) {
        self.subject = subject
        self.severity = severity
        self.detail = detail
        self.remedy = remedy
    }
}
