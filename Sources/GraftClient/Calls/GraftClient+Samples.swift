import GraftAPI

/// The samples and their labels.
extension GraftClient {
    /// A page of samples, oldest first, of `label` or the `negative` ones; `after` is the `next` of the page before.
    package func samples(
        label: String? = nil, negative: Bool = false, after: String? = nil, limit: Int? = nil
    ) async throws(ClientError) -> SamplePage {
        let negative = negative ? "true" : nil
        let query = [("label", label), ("negative", negative), ("after", after), ("limit", limit.map(String.init))]
        return try await answer(to: Call("GET", RequestTarget("v1", "samples", query: query)))
    }

    /// One sample.
    package func sample(_ id: String) async throws(ClientError) -> SampleRecord {
        try await answer(to: Call("GET", RequestTarget("v1", "samples", id)))
    }

    /// Gives the sample another label; nil makes it an example of none of them.
    package func relabel(sample id: String, as label: String?) async throws(ClientError) -> Changed {
        let change = SampleChange(label: label, negative: label == nil ? true : nil)
        return try await answer(to: Call("PATCH", RequestTarget("v1", "samples", id), json: change))
    }

    /// Forgets the sample: its features, what the statistics learned from it, and with `purge` the versions trained on it.
    package func forget(sample id: String, purge: Bool = false) async throws(ClientError) -> Changed {
        try await answer(
            to: Call("DELETE", RequestTarget("v1", "samples", id, query: [("purge", purge ? "true" : nil)])))
    }

    /// Every label, with its counts and quality.
    package func labels() async throws(ClientError) -> [LabelSummary] {
        try await answer(to: Call("GET", RequestTarget("v1", "labels")), as: LabelList.self).labels
    }

    /// Renames the label; where the new name exists already, only with `merge`, which makes the two one.
    package func rename(label: String, to name: String, merge: Bool = false) async throws(ClientError) -> Changed {
        let change = LabelChange(label: name, merge: merge ? true : nil)
        return try await answer(to: Call("PATCH", RequestTarget("v1", "labels", label), json: change))
    }

    /// Forgets the label and all its samples.
    package func forget(label: String) async throws(ClientError) -> Changed {
        try await answer(to: Call("DELETE", RequestTarget("v1", "labels", label)))
    }
}
