import GraftAPI

extension Changed {
    /// What follows from a change, in one line; nil where nothing does.
    var staleWords: String? {
        guard !staleVersions.isEmpty else { return nil }
        return "Trained on what was, and stale now: \(Self.words(staleVersions)); graftctl train makes one that is not."
    }

    /// What was deleted with it, in one line; nil where nothing was.
    var purgedWords: String? {
        guard let purgedVersions, !purgedVersions.isEmpty else { return nil }
        return "Trained on it, and deleted: \(Self.words(purgedVersions)); version \(model.version) answers."
    }

    private static func words(_ versions: [Int]) -> String {
        "version\(versions.count == 1 ? "" : "s") \(versions.map(String.init).joined(separator: ", "))"
    }
}
