/// How the tensors of a checkpoint met the parameters of an architecture: the answer to "can I use these weights in
/// that model?".
package struct ImportReport: Codable, Sendable, Equatable {
    package let architecture: String
    /// Tensors that became a parameter, by the checkpoint's names as everywhere below but in `missing` and `fresh`.
    package internal(set) var matched: [String] = []
    /// Parameters that the checkpoint lacks, by the architecture's names.
    package internal(set) var missing: [String] = []
    /// Tensors with a parameter's name and another shape, e.g. `conv.weight is [8, 3, 3, 3], expected [4, 3, 3, 3]`;
    /// both shapes as the checkpoint lays them out.
    package internal(set) var otherShape: [String] = []
    /// Parameters that start with random elements, because they are missing or of another shape, by the architecture's
    /// names.
    package internal(set) var fresh: [String] = []
    /// Tensors of the classifier, which graftd's own head replaces; of a graph, the layers.
    package internal(set) var unusedClassifier: [String] = []
    /// Tensors that only training reads: how many batches were seen.
    package internal(set) var ignored: [String] = []
    /// Tensors that the architecture does not know.
    package internal(set) var unexpected: [String] = []
    /// What whoever uses the backbone should know.
    package internal(set) var notes: [String] = []

    init(architecture: String) { self.architecture = architecture }

    /// Whether every parameter has its weights.
    package var isComplete: Bool { missing.isEmpty && otherShape.isEmpty }

    /// What is missing or of another shape, in one line.
    var faults: String {
        let parts = [
            missing.isEmpty ? nil : "missing \(listed(missing))",
            otherShape.isEmpty ? nil : "of another shape \(listed(otherShape))",
        ]
        return parts.compactMap(\.self).joined(separator: "; ")
    }
}

/// The count and the first of `items`.
private func listed(_ items: [String]) -> String {
    let shown = items.prefix(5).joined(separator: ", ")
    return items.count <= 5 ? shown : "\(items.count): \(shown), …"
}
