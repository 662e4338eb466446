import Foundation

/// Where versions' weights lie in a state folder.
enum StateFiles {
    /// The head of version `number`.
    static func version(_ number: Int64, state: String) -> String { "\(state)/versions/\(number).safetensors" }

    /// Where job `id` writes before it is known whether its candidate is published.
    static func candidate(_ id: String, state: String) -> String { "\(state)/versions/candidate-\(id).safetensors" }

    /// Removes what killed trainers left behind.
    static func removeCandidates(state: String) {
        let folder = "\(state)/versions"
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        where name.hasPrefix("candidate-") {
            try? FileManager.default.removeItem(atPath: "\(folder)/\(name)")
        }
    }
}
