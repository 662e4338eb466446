/// What somebody wants of an import; what is nil is found out.
package struct ImportOptions: Sendable {
    /// The architecture's name; nil for the one that the weights fit, or that a configuration names.
    package var architecture: String?
    /// Of the preprocessing; stronger than what configurations say.
    package var preprocessing = PreprocessingChanges()
    /// The paths of timm's `config.json` or transformers' `preprocessor_config.json`; nil for those beside the file.
    package var configurations: [String]?
    /// Whether what is missing above the cut starts fresh.
    package var isPartial = false
    /// The first block of the top; nil for the architecture's own choice.
    package var cut: String?

    package init(architecture: String? = nil) { self.architecture = architecture }
}
