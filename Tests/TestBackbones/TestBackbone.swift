import GraftCheckpoint
import GraftNetwork

/// Backbones made here, so that tests have as many as they want: networks of random weights.
package enum TestBackbone {
    /// Writes the canonical file of `architecture` with weights that depend on `seed` alone, and returns its fingerprint.
    ///
    /// Activations neither die out nor overflow on the way, so that different images have different features.
    package static func write(_ architecture: String, seed: UInt64, to path: String) throws -> String {
        guard let architecture = Architecture.named(architecture) else {
            preconditionFailure("no architecture is called \(architecture)")
        }
        var weights = StateDict()
        for parameter in architecture.parameters {
            var elements = parameter.randomElements()
            // Every seed draws signs of its own for the convolutions (Knuth's MMIX generator).
            var state = parameter.name.utf8.reduce(seed) { $0 &* 31 &+ UInt64($1) }
            for i in elements.indices where parameter.layout == .convolution {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                if state >> 63 == 1 { elements[i].negate() }
            }
            weights.add(StateTensor(shape: parameter.shape, floats: elements), as: parameter.name)
        }
        let metadata = BackboneMetadata(
            architecture: architecture.name, preprocessing: architecture.preprocessingJSON, source: "seed \(seed)",
            sourceSHA256: SHA256Digest(bytes: [UInt8](repeating: 0, count: 32)), weights: weights)
        try SafetensorsWriter.write(weights, metadata: metadata.entries, to: path)
        return metadata.fingerprint
    }
}
