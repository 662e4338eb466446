import GraftLearning
import GraftNetwork
import GraftStore

/// The latents of a snapshot's samples, read from the store a batch at a time.
struct StoredLatents: LatentSource {
    let shape: MapShape
    let rows: [Int]
    private let store: Store
    private let fingerprint: String
    private let cut: String
    /// The sequence number of every sample of the training set, by position; ascending.
    private let sequences: [Int64]

    /// - Parameters:
    ///   - shape: What leaves the block before `cut`.
    ///   - sequences: The sequence numbers of the training set's samples, ascending.
    init(
        _ store: Store, fingerprint: String, cut: String, shape: MapShape, sequences: [Int64], upTo snapshot: Int64
    ) throws {
        (self.store, self.fingerprint, self.cut, self.shape) = (store, fingerprint, cut, shape)
        self.sequences = sequences
        let kept = Set(try store.samplesWithLatent(fingerprint: fingerprint, cut: cut, upTo: snapshot))
        rows = sequences.indices.filter { kept.contains(sequences[$0]) }
    }

    func read(_ rows: [Int], into latents: inout MutableSpan<Float>) throws -> [Int] {
        var found: [(row: Int, latent: KeptLatent)] = []
        var next = 0
        try store.forEachLatent(of: rows.map { sequences[$0] }, fingerprint: fingerprint, cut: cut) {
            sequence, latent in
            // They come in the order asked for, some left out.
            while sequences[rows[next]] != sequence { next += 1 }
            found.append((rows[next], latent))
            next += 1
        }
        for (n, (_, latent)) in found.enumerated() {
            guard let format = LatentFormat(rawValue: latent.format),
                MapShape(height: latent.height, width: latent.width, channels: latent.channels) == shape
            else { throw UnusableLatent(latent, expected: shape) }
            var place = latents._mutatingExtracting(n * shape.count..<(n + 1) * shape.count)
            try format.decode(latent.bytes.span.bytes, shape: shape, into: &place)
        }
        return found.map(\.row)
    }
}

/// A latent that another version has kept.
struct UnusableLatent: Error, CustomStringConvertible {
    let description: String

    init(_ latent: KeptLatent, expected: MapShape) {
        description =
            "expected latents of \(expected) as int8 or half, found \(latent.height) x \(latent.width) x "
            + "\(latent.channels) as '\(latent.format)': teach the images again"
    }
}
