import Configuration
import GraftNetwork
import Foundation
import SystemPackage

extension Configuration {
    /// Settings from a YAML file, then `GRAFTD_*` variables, then flags; a later one wins.
    ///
    /// - Parameters:
    ///   - file: a YAML file with the keys of ``Configuration``; nil for none.
    ///   - environment: `GRAFTD_PIXEL_LIMIT` sets `pixelLimit`, and so on.
    ///   - flags: values from the command line by key.
    /// - Throws: ``ConfigurationErrors`` with every wrong value, or one problem of key `config` where the file cannot be
    ///   read.
    package static func read(
        file: String?, environment: [String: String], flags: [String: String]
    ) async throws(ConfigurationErrors) -> Configuration {
        let values = flags.map { (AbsoluteConfigKey([$0.key]), ConfigValue(.string($0.value), isSecret: false)) }
        var providers: [any ConfigProvider] = [
            InMemoryProvider(name: "flags", values: Dictionary(uniqueKeysWithValues: values)),
            EnvironmentVariablesProvider(environmentVariables: environment).prefixKeys(with: "graftd"),
        ]
        if let file {
            do {
                providers.append(try await FileProvider<YAMLSnapshot>(filePath: FilePath(file)))
            } catch {
                throw ConfigurationErrors(problems: [
                    ConfigurationProblem(key: "config", value: file, expected: "a readable YAML file (\(error))")
                ])
            }
        }
        return try await read(from: ConfigReader(providers: providers))
    }

    private static func read(from reader: ConfigReader) async throws(ConfigurationErrors) -> Configuration {
        var configuration = Configuration()
        var problems: [ConfigurationProblem] = []
        /// The text of `key` where it is set, whether it was written as text, as a number or as a truth value.
        func text(_ key: String) async -> String? {
            if let text = try? await reader.fetchString(forKey: ConfigKey([key])) { return text }
            if let truth = try? await reader.fetchBool(forKey: ConfigKey([key])) { return truth ? "on" : "off" }
            return (try? await reader.fetchInt(forKey: ConfigKey([key])))?.description
        }
        func set(_ path: WritableKeyPath<Configuration, String>, _ key: String) async {
            if let text = await text(key) { configuration[keyPath: path] = text }
        }
        func set(_ path: WritableKeyPath<Configuration, Int>, _ key: String) async {
            guard let text = await text(key) else { return }
            if let number = Int(text) {
                configuration[keyPath: path] = number
            } else {
                problems.append(ConfigurationProblem(key: key, value: text, expected: "a whole number"))
            }
        }
        func set(_ path: WritableKeyPath<Configuration, Bool>, _ key: String) async {
            guard let text = await text(key) else { return }
            switch text.lowercased() {
            case "on", "true", "yes": configuration[keyPath: path] = true
            case "off", "false", "no": configuration[keyPath: path] = false
            default: problems.append(ConfigurationProblem(key: key, value: text, expected: "on or off"))
            }
        }
        await set(\.socket, "socket")
        await set(\.state, "state")
        configuration.backbone = await text("backbone")
        await set(\.threads, "threads")
        await set(\.queueLimit, "queueLimit")
        await set(\.bodyLimit, "bodyLimit")
        await set(\.pixelLimit, "pixelLimit")
        await set(\.connectionLimit, "connectionLimit")
        await set(\.requestTimeoutSeconds, "requestTimeoutSeconds")
        await set(\.classifyGroup, "classifyGroup")
        await set(\.teachGroup, "teachGroup")
        await set(\.adminGroup, "adminGroup")
        if let text = await text("keep") {
            if let policy = KeepPolicy(rawValue: text) {
                configuration.keep = policy
            } else {
                problems.append(ConfigurationProblem(key: "keep", value: text, expected: KeepPolicy.expected))
            }
        }
        await set(\.keepLimit, "keepLimit")
        if let text = await text("latents") {
            let format = LatentFormat(rawValue: text)
            configuration.latents = format
            if format == nil && text != "none" {
                let expected = ["none"] + LatentFormat.allCases.map(\.rawValue)
                problems.append(
                    ConfigurationProblem(key: "latents", value: text, expected: expected.joined(separator: ", ")))
            }
        }
        await set(\.latentLimit, "latentLimit")
        configuration.cut = await text("cut")
        await set(\.trainAutomatically, "trainAutomatically")
        await set(\.trainAfterSamples, "trainAfterSamples")
        await set(\.trainQuietSeconds, "trainQuietSeconds")
        await set(\.trainIntervalSeconds, "trainIntervalSeconds")
        await set(\.trainSilenceSeconds, "trainSilenceSeconds")
        await set(\.trainMinimumBattery, "trainMinimumBattery")
        await set(\.trainMaximumTemperature, "trainMaximumTemperature")
        await set(\.systemFolder, "systemFolder")
        await set(\.logLevel, "logLevel")
        problems += configuration.problems
        guard problems.isEmpty else { throw ConfigurationErrors(problems: problems) }
        return configuration
    }
}
