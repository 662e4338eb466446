import Configuration
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
        var misspelt: [ConfigurationProblem] = []
        if let file {
            do {
                misspelt = try problemsOfKeys(in: file)
                providers.append(try await FileProvider<YAMLSnapshot>(filePath: FilePath(file)))
            } catch {
                throw ConfigurationErrors(problems: [
                    ConfigurationProblem(key: "config", value: file, expected: "a readable YAML file (\(error))")
                ])
            }
        }
        return try await read(from: ConfigReader(providers: providers), misspelt)
    }

    private static func read(
        from reader: ConfigReader, _ misspelt: [ConfigurationProblem]
    ) async throws(ConfigurationErrors) -> Configuration {
        var configuration = Configuration()
        var problems = misspelt
        for setting in settings {
            guard let text = await reader.text(setting.key), !setting.take(text, &configuration) else { continue }
            problems.append(ConfigurationProblem(key: setting.key, value: text, expected: setting.kind))
        }
        problems += configuration.problems
        guard problems.isEmpty else { throw ConfigurationErrors(problems: problems) }
        return configuration
    }
}

extension ConfigReader {
    /// The text of `key` where it is set, whether it was written as text, as a number or as a truth value.
    fileprivate func text(_ key: String) async -> String? {
        if let text = try? await fetchString(forKey: ConfigKey([key])) { return text }
        if let truth = try? await fetchBool(forKey: ConfigKey([key])) { return truth ? "on" : "off" }
        return (try? await fetchInt(forKey: ConfigKey([key])))?.description
    }
}
