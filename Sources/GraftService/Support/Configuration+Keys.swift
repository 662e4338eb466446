import GraftAPI

extension Configuration {
    /// One setting: its key, whether it can change while the daemon runs, and how it is shown and taken over.
    package struct Key: Sendable {
        package let name: String
        package let isLive: Bool
        let text: @Sendable (Configuration) -> String
        let copy: @Sendable (Configuration, inout Configuration) -> Void
    }

    /// Every setting.
    package static let keys: [Key] = [
        key("socket", \.socket, live: false),
        key("state", \.state, live: false),
        key("backbone", \.backbone, live: false),
        key("threads", \.threads, live: false),
        key("queueLimit", \.queueLimit),
        key("bodyLimit", \.bodyLimit),
        key("pixelLimit", \.pixelLimit),
        key("connectionLimit", \.connectionLimit, live: false),
        key("requestTimeoutSeconds", \.requestTimeoutSeconds),
        key("classifyGroup", \.classifyGroup, live: false),
        key("teachGroup", \.teachGroup, live: false),
        key("adminGroup", \.adminGroup, live: false),
        key("keep", \.keep),
        key("keepLimit", \.keepLimit),
        key("latents", \.latents, live: false),
        key("latentLimit", \.latentLimit),
        key("cut", \.cut, live: false),
        key("trainAutomatically", \.trainAutomatically),
        key("trainAfterSamples", \.trainAfterSamples),
        key("trainQuietSeconds", \.trainQuietSeconds),
        key("trainIntervalSeconds", \.trainIntervalSeconds),
        key("trainSilenceSeconds", \.trainSilenceSeconds),
        key("trainMinimumBattery", \.trainMinimumBattery),
        key("trainMaximumTemperature", \.trainMaximumTemperature),
        key("systemFolder", \.systemFolder),
        key("logLevel", \.logLevel),
    ]

    /// Takes over from `next` what can change while the daemon runs; says what that was, and what waits for a restart.
    package mutating func takeOver(_ next: Configuration) -> Reloaded {
        var reloaded = Reloaded(applied: [], needsRestart: [])
        for key in Self.keys {
            let change = SettingChange(key: key.name, from: key.text(self), to: key.text(next))
            guard change.from != change.to else { continue }
            if key.isLive {
                key.copy(next, &self)
                reloaded.applied.append(change)
            } else {
                reloaded.needsRestart.append(change)
            }
        }
        return reloaded
    }

    private static func key<Value>(
        _ name: String, _ path: any WritableKeyPath<Configuration, Value> & Sendable, live: Bool = true
    ) -> Key {
        Key(
            name: name, isLive: live, text: { text($0[keyPath: path]) },
            copy: { $1[keyPath: path] = $0[keyPath: path] })
    }

    private static func text(_ value: some Any) -> String {
        switch value {
        case let truth as Bool: truth ? "on" : "off"
        case let optional as any OptionalValue: optional.wrapped.map { "\($0)" } ?? "unset"
        default: "\(value)"
        }
    }
}

/// An optional of any type.
private protocol OptionalValue {
    var wrapped: Any? { get }
}

extension Optional: OptionalValue {
    fileprivate var wrapped: Any? { self }
}
