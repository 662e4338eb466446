import Foundation

/// Under which names the checkpoint that a backbone came from held its weights: what an export needs to write them so
/// that the program which made the checkpoint reads them again.
package struct SourceNames: Codable, Sendable, Equatable {
    /// The framework, which decides how filters are laid out.
    package enum Layout: String, Codable, Sendable {
        case torch, keras, onnx
    }

    package let layout: Layout
    /// The source's name of each parameter that it held, by canonical name.
    package let parameters: [String: String]
    /// Numbers that only training reads, such as `bn1.num_batches_tracked`.
    package let counters: [String: Int64]
    /// What comes before `.weight` and `.bias` in the names of the classifier, e.g. `fc`; nil if there was none.
    package let classifier: String?

    package init(
        layout: Layout, parameters: [String: String], counters: [String: Int64] = [:], classifier: String? = nil
    ) {
        self.layout = layout
        self.parameters = parameters
        self.counters = counters
        self.classifier = classifier
    }
}
