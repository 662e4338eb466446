import GraftService

/// Where the settings come from, each time they are read.
struct ConfigurationSource: Sendable {
    let file: String?
    let environment: [String: String]
    let flags: [String: String]

    func read() async throws(ConfigurationErrors) -> Configuration {
        try await .read(file: file, environment: environment, flags: flags)
    }
}
