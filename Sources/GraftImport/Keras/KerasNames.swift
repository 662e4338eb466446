/// The names that the arrays of a Keras file have in Keras: a layer's and a role's, e.g. `block1_conv1/kernel`.
struct KerasNames {
    /// The strings attached to each object, by its path and their name.
    private let attributes: [String: [String: [String]]]

    init(attributes: [String: [String: [String]]]) { self.attributes = attributes }

    /// The arrays of the model itself, not of its optimiser, with their names, in the order of its layers where the file
    /// tells it.
    ///
    /// - Throws: `malformed` if two have the same name.
    func named(_ datasets: [HDF5Dataset]) throws(ImportError) -> [(name: String, dataset: HDF5Dataset)] {
        // A whole model is `model_weights` beside the optimiser's; a file of weights is what is in the former.
        let model = datasets.filter { $0.path.hasPrefix("model_weights/") }
        let named: [(name: String, dataset: HDF5Dataset)]
        if !model.isEmpty {
            named = legacyNames(model, root: "model_weights")
        } else if datasets.contains(where: { $0.path.split(separator: "/").dropLast().last == "vars" }) {
            named = variableNames(datasets)
        } else {
            named = legacyNames(datasets, root: "")
        }
        var names: Set<String> = []
        for (name, _) in named {
            guard names.insert(name).inserted else { throw .malformed(detail: "two arrays are called '\(name)'") }
        }
        return named
    }

    /// The strings called `name`. Keras cuts long lists into `name0`, `name1` and so on.
    func strings(_ name: String, at path: String) -> [String] {
        guard let own = attributes[path] else { return [] }
        if let whole = own[name] { return whole }
        var strings: [String] = []
        var part = 0
        while let more = own["\(name)\(part)"] {
            strings += more
            part += 1
        }
        return strings
    }
}

/// `text` without an underscore and digits at its end, which tell things of the same name apart.
func withoutCounter(_ text: Substring) -> Substring {
    guard let underscore = text.lastIndex(of: "_"), underscore > text.startIndex else { return text }
    let digits = text[text.index(after: underscore)...]
    return !digits.isEmpty && digits.allSatisfy { ("0"..."9").contains($0) } ? text[..<underscore] : text
}
