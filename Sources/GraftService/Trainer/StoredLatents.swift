import GraftLearning
import GraftNetwork
import GraftStore

/// The latents of a training set as the store holds them, which are read and decoded a batch at a time.
package struct StoredLatents: LatentSource {
    package let shape: MapShape
    package let rows: [Int]
    private let store: Store
    private let fingerprint: String
    private let cut: String
    /// The sequence numbers of the training set, by row.
    private let sequences: [Int64]

    /// Those of the backbone `fingerprint` that were taken before the block `cut`.
    ///
    /// - Parameters:
    ///   - shape: Of what enters that block.
    ///   - sequences: The sequence numbers of the training set, ascending; not all of its samples need to have a latent.
    ///   - snapshot: The last change that counts.
    /// - Throws: `StoreError`.
    package init(
        _ store: Store, fingerprint: String, cut: String, shape: MapShape, sequences: [Int64],
        upTo snapshot: Int64 = .max
    ) throws(StoreError) {
        (self.store, self.sequences, self.fingerprint, self.cut) = (store, sequences, fingerprint, cut)
        self.shape = shape
        let withLatent = Set(try store.samplesWithLatent(fingerprint: fingerprint, cut: cut, upTo: snapshot))
        rows = sequences.indices.filter { withLatent.contains(sequences[$0]) }
    }

    /// - Throws: `StoreError`, or ``StoredLatentError`` for bytes that are no latent of the shape.
    package func read(_ rows: [Int], into latents: inout MutableSpan<Float>) throws -> [Int] {
        let kept = try store.latents(of: rows.map { sequences[$0] }, fingerprint: fingerprint, cut: cut)
        var found: [Int] = []
        var next = rows[...]
        for (sample, latent) in kept {
            // They come in the order in which they were asked for; whose has gone is passed over.
            while let row = next.first, sequences[row] != sample { next.removeFirst() }
            try decode(latent, of: sample, into: &latents, at: found.count * shape.count)
            found.append(next.removeFirst())
        }
        return found
    }

    private func decode(
        _ latent: KeptLatent, of sample: Int64, into elements: inout MutableSpan<Float>, at place: Int
    ) throws(StoredLatentError) {
        let found = MapShape(height: latent.height, width: latent.width, channels: latent.channels)
        guard found == shape else {
            throw StoredLatentError(sample: sample, reason: "expected one of \(shape), found one of \(found)")
        }
        guard let format = LatentFormat(rawValue: latent.format) else {
            throw StoredLatentError(sample: sample, reason: "this version does not know the format '\(latent.format)'")
        }
        do {
            try format.decode(latent.bytes.span.bytes, shape: shape, into: &elements, at: place)
        } catch {
            throw StoredLatentError(sample: sample, reason: "\(error)")
        }
    }
}

/// A latent in the store that cannot be used.
package struct StoredLatentError: Error, Equatable, CustomStringConvertible {
    /// The sample's sequence number.
    let sample: Int64
    let reason: String

    package var description: String {
        "the latent of sample number \(sample) cannot be read (\(reason)): teach its image again, or forget the sample"
    }
}
