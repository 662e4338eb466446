import Foundation
import GraftStore

/// Where versions' weights lie in a state folder.
enum StateFiles {
    /// The head of version `number`.
    static func version(_ number: Int64, state: String) -> String { "\(state)/versions/\(number).safetensors" }

    /// Where job `id` writes before it is known whether its candidate is published.
    static func candidate(_ id: String, state: String) -> String { "\(state)/versions/candidate-\(id).safetensors" }

    /// Removes the weights of versions that were deleted just before the service was killed.
    static func removeDeleted(_ store: Store) async throws(StoreError) {
        let folder = "\(store.folder)/versions"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        let numbers = names.compactMap { name in
            name.hasSuffix(".safetensors") ? Int64(name.dropLast(".safetensors".count)) : nil
        }
        for number in try await store.removedVersions(among: numbers) {
            try? FileManager.default.removeItem(atPath: version(number, state: store.folder))
        }
    }

    /// Removes what killed trainers left behind.
    static func removeCandidates(state: String) {
        let folder = "\(state)/versions"
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        where name.hasPrefix("candidate-") {
            try? FileManager.default.removeItem(atPath: "\(folder)/\(name)")
        }
    }
}
