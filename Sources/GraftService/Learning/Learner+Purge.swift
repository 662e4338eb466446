import Glibc
import GraftAPI
import GraftStore

/// Forgetting a sample together with the versions that were trained on it.
extension Learner {
    /// Removes the sample and those versions. Where the one that answers is among them, the nearest of those before it that is
    /// not answers from then on.
    func purge(_ id: String) async throws(Problem) -> Changed {
        try await exclusively { () throws(Problem) in
            let trained = Set(try await storing { try await store.versions(trainedOn: id) })
            let before = version.number
            if trained.contains(before) {
                let next = await versionBefore(before, without: trained)
                try await exchange(next) { [store] in try await store.activate(next.number) }
            }
            if let shadow, trained.contains(shadow.version) { self.shadow = nil }
            let (outcome, purged) = try await storing { try await store.purge(id) }
            // At once: whatever fails from here on, the next start removes what is left of them.
            let failure = remove(filesOf: purged)
            var changed = try await follow(outcome)
            changed.purgedVersions = purged.map { Int($0) }
            if version.number != before {
                let activated = Activated(model: reference, previous: Int(before))
                events.send(.activated(activated))
                logger.notice(
                    "version activated, because the one before was purged",
                    metadata: .event(.activated, ["version": "\(version.number)", "previous": "\(before)"]))
            }
            if let failure { throw failure }
            return changed
        }
    }

    /// What answers where neither `number` nor any of `removed` can: the nearest version before it, or the analytic head.
    private func versionBefore(_ number: Int64, without removed: Set<Int64>) async -> ActiveVersion {
        guard let vision else { return .none }
        var other = number
        while let parent = try? await store.version(other).parent, parent != 0 {
            other = parent
            if !removed.contains(other), let found = try? await load(other, vision: vision) { return found }
        }
        return .none
    }

    /// What kept the weights of one of `versions` from being removed; nil where nothing did.
    private func remove(filesOf versions: [Int64]) -> Problem? {
        var failure: Problem?
        for number in versions {
            let path = StateFiles.version(number, state: configuration.state)
            // A candidate may have none yet.
            guard unlink(path) != 0, errno != ENOENT else { continue }
            failure = Problem(
                .storeFailed,
                detail:
                    "the sample is forgotten, but \(path), the weights of a version that was trained on it, cannot be "
                    + "removed (\(String(cString: strerror(errno)))): the next start tries again, or remove it by hand")
        }
        return failure
    }
}
