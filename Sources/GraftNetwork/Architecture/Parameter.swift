/// One named array of weights that an architecture asks of a checkpoint.
package struct Parameter: Sendable, Equatable {
    package enum Layout: Sendable {
        /// `[O, kH, kW, I / groups]`
        case convolution
        /// The same where I / groups is 1 and each channel has its filter, which Keras lays out in its own way.
        case depthwise
        /// `[C]`
        case vector
    }

    /// The frameworks that differ in how they lay filters out.
    package enum Framework: String, Sendable, Codable {
        /// Filters are `[O, I / groups, kH, kW]`.
        case torch
        /// Filters are `[kH, kW, I, O]`, those of depthwise convolutions `[kH, kW, C, 1]`.
        case keras
    }

    /// Where one family of checkpoints holds it.
    package struct Source: Sendable, Equatable {
        package let name: String
        package let framework: Framework
    }

    /// The name in the canonical file, e.g. `blocks.1.expand.weight`.
    package let name: String
    /// The shape in the canonical file.
    package let shape: [Int]
    package let layout: Layout
    /// Most likely first.
    package let sources: [Source]

    /// How many elements it has.
    package var count: Int { shape.reduce(1, *) }
}
