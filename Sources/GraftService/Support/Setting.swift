/// One thing that an administrator can set: how it is read, checked, shown and documented.
package struct Setting: Sendable {
    package let key: String
    /// What it takes, in words that follow "expected": `1 to 256 threads`.
    package let expected: String
    /// What holds where it is not set, in words.
    package let fallback: String
    /// What it is, in a sentence or two.
    package let meaning: String
    /// Whether it can change while the daemon runs.
    package let isLive: Bool
    /// Its value as it would be written; nil where it is not set and has no value of its own.
    let text: @Sendable (Configuration) -> String?
    /// Takes the value that was written; false where it is of the wrong kind.
    let take: @Sendable (String, inout Configuration) -> Bool
    /// Takes the value of the first for the second.
    let copy: @Sendable (Configuration, inout Configuration) -> Void
    /// Whether the value is within its limits.
    let holds: @Sendable (Configuration) -> Bool
    /// What a value of the wrong kind should have been.
    let kind: String

    /// The variable of the environment that sets it: `GRAFTD_PIXEL_LIMIT` for `pixelLimit`.
    package var variable: String {
        key.reduce(into: "GRAFTD_") { $0 += $1.isUppercase ? "_\($1)" : $1.uppercased() }
    }

    /// What is wrong with the value that `configuration` has, if anything.
    func problem(in configuration: Configuration) -> ConfigurationProblem? {
        guard !holds(configuration) else { return nil }
        return ConfigurationProblem(key: key, value: text(configuration) ?? "", expected: expected)
    }
}

/// The kinds of settings. Key paths to stored properties are values, which any thread may use.
extension Setting {
    typealias Path<Value> = any WritableKeyPath<Configuration, Value> & Sendable

    /// A whole number in `range`, of `unit`.
    static func number(
        _ key: String, _ path: Path<Int>, _ range: ClosedRange<Int>, _ unit: String, fallback: String? = nil,
        live: Bool = true, _ meaning: String
    ) -> Setting {
        Setting(
            key: key, expected: "\(range.lowerBound) to \(range.upperBound) \(unit)",
            fallback: fallback ?? "\(Configuration()[keyPath: path])", meaning: meaning, isLive: live,
            text: { "\($0[keyPath: path])" },
            take: { text, configuration in
                guard let number = Int(text) else { return false }
                configuration[keyPath: path] = number
                return true
            }, copy: { $1[keyPath: path] = $0[keyPath: path] }, holds: { range.contains($0[keyPath: path]) },
            kind: "a whole number")
    }

    static func toggle(_ key: String, _ path: Path<Bool>, live: Bool = true, _ meaning: String) -> Setting {
        func word(_ value: Bool) -> String { value ? "on" : "off" }
        return Setting(
            key: key, expected: "on or off", fallback: word(Configuration()[keyPath: path]), meaning: meaning,
            isLive: live,
            text: { $0[keyPath: path] ? "on" : "off" },
            take: { text, configuration in
                switch text.lowercased() {
                case "on", "true", "yes": configuration[keyPath: path] = true
                case "off", "false", "no": configuration[keyPath: path] = false
                default: return false
                }
                return true
            }, copy: { $1[keyPath: path] = $0[keyPath: path] }, holds: { _ in true }, kind: "on or off")
    }

    /// A text of which `holds` is true.
    static func text(
        _ key: String, _ path: Path<String>, expected: String, live: Bool = true, _ meaning: String,
        where holds: @escaping @Sendable (String) -> Bool = { !$0.isEmpty }
    ) -> Setting {
        Setting(
            key: key, expected: expected, fallback: Configuration()[keyPath: path], meaning: meaning, isLive: live,
            text: { $0[keyPath: path] },
            take: { text, configuration in
                configuration[keyPath: path] = text
                return true
            }, copy: { $1[keyPath: path] = $0[keyPath: path] }, holds: { holds($0[keyPath: path]) }, kind: expected)
    }

    /// A text that need not be set.
    static func optional(
        _ key: String, _ path: Path<String?>, expected: String, fallback: String, live: Bool = true,
        _ meaning: String
    ) -> Setting {
        Setting(
            key: key, expected: expected, fallback: fallback, meaning: meaning, isLive: live,
            text: { $0[keyPath: path] },
            take: { text, configuration in
                configuration[keyPath: path] = text
                return true
            }, copy: { $1[keyPath: path] = $0[keyPath: path] }, holds: { _ in true }, kind: expected)
    }

    /// One of `names`, which `read` and `name` turn into a value and back.
    static func choice<Value>(
        _ key: String, _ path: Path<Value>, _ names: [String], read: @escaping @Sendable (String) -> Value,
        name: @escaping @Sendable (Value) -> String, live: Bool = true, _ meaning: String
    ) -> Setting {
        let expected = names.joined(separator: ", ")
        return Setting(
            key: key, expected: expected, fallback: name(Configuration()[keyPath: path]), meaning: meaning,
            isLive: live,
            text: { name($0[keyPath: path]) },
            take: { text, configuration in
                guard names.contains(text) else { return false }
                configuration[keyPath: path] = read(text)
                return true
            }, copy: { $1[keyPath: path] = $0[keyPath: path] }, holds: { _ in true }, kind: expected)
    }
}
