import GraftAPI

extension Changed {
    /// What follows from a change, in one line; nil where nothing does.
    var staleWords: String? {
        guard !staleVersions.isEmpty else { return nil }
        let numbers = staleVersions.map(String.init).joined(separator: ", ")
        return "Trained on what was, and stale now: version\(staleVersions.count == 1 ? "" : "s") \(numbers); "
            + "graftctl train makes one that is not."
    }
}
