import GraftCheckpoint

// Wrappers put a prefix before every name of the network that they hold. All of this compares UTF-8: `hasPrefix` and
// `count` of strings go by what they look like, and a name may start with an accent for the dot before it.

extension StateDict {
    /// Data-parallel training, `torch.compile`, Lightning, and modules that hold a network beside a loss or a head.
    private static let wrappers = ["module.", "_orig_mod.", "model.", "net.", "network.", "backbone.", "encoder."]

    /// The same tensors without what wrappers put before all names, in whatever order they were put around each other.
    func withoutCommonPrefixes() -> StateDict {
        guard !names.isEmpty else { return self }
        var rest = names.map { $0.utf8[...] }
        while let wrapper = Self.wrappers.first(where: { wrapper in
            rest.allSatisfy { $0.count > wrapper.utf8.count && $0.starts(with: wrapper.utf8) }
        }) {
            rest = rest.map { $0.dropFirst(wrapper.utf8.count) }
        }
        var stripped = StateDict()
        for (name, rest) in zip(names, rest) { stripped.add(self[name]!, as: String(Substring(rest))) }
        return stripped
    }

    /// The prefix, perhaps none, after which most of `known` are found among the names: of a network that is only a
    /// part of what was saved.
    func prefix(before known: some Sequence<String>) -> String {
        let known = Set(known)
        let mostDots = 8
        var counts: [String: Int] = [:]
        var best = ""
        for name in names {
            var rest = name.utf8[...]
            for _ in 0...mostDots {
                if known.contains(String(Substring(rest))) {
                    let prefix = String(Substring(name.utf8[..<rest.startIndex]))
                    counts[prefix, default: 0] += 1
                    if counts[prefix]! > counts[best, default: 0] { best = prefix }
                }
                guard let dot = rest.firstIndex(of: UInt8(ascii: ".")) else { break }
                rest = rest[rest.index(after: dot)...]
            }
        }
        return best
    }
}
