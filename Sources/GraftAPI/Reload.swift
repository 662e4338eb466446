/// One setting that the configuration now has another value for.
package struct SettingChange: Codable, Sendable, Equatable {
    package var key: String
    package var from: String
    package var to: String

    package init(key: String, from: String, to: String) {
        self.key = key
        self.from = from
        self.to = to
    }
}

/// The answer to `POST /v1/reload`: what changed in the configuration since it was read before.
package struct Reloaded: Codable, Sendable, Equatable {
    /// These hold from now on.
    package var applied: [SettingChange]
    /// These hold after the next start.
    package var needsRestart: [SettingChange]

    package init(applied: [SettingChange], needsRestart: [SettingChange]) {
        self.applied = applied
        self.needsRestart = needsRestart
    }
}
