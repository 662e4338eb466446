import GraftNetwork
import GraftTensor

/// Reads the latents of a batch into memory that every batch uses again.
final class BatchReader {
    private let latents: any LatentSource
    private var buffer: TensorBuffer
    private let shape: MapShape

    /// - Parameter batch: The most samples that are read at a time.
    init(_ latents: some LatentSource, batch: Int) {
        self.latents = latents
        shape = latents.shape
        buffer = TensorBuffer(count: batch * shape.count)
    }

    /// Reads the latents of `rows`, and returns whose there are.
    func read(_ rows: [Int]) throws(TuningError) -> [Int] {
        precondition(rows.count * shape.count <= buffer.count)
        do {
            return try buffer.withMutableSpan { try latents.read(rows, into: &$0) }
        } catch {
            throw .unreadable(detail: "\(error)")
        }
    }

    /// Turns the latents at `places` of the batch around, left to right.
    func mirror(_ places: [Int]) {
        buffer.withUnsafeMutablePointer { values in
            for place in places {
                for y in 0..<shape.height {
                    let row = values + (place * shape.pixels + y * shape.width) * shape.channels
                    for x in 0..<shape.width / 2 {
                        let (left, right) = (x * shape.channels, (shape.width - 1 - x) * shape.channels)
                        for c in 0..<shape.channels { swap(&row[left + c], &row[right + c]) }
                    }
                }
            }
        }
    }

    /// Lends the first `count` latents of the batch `[count, H, W, C]`.
    func withLatents<R>(count: Int, _ body: (Span<Float>) -> R) -> R {
        buffer.withSpan { body($0.extracting(0..<count * shape.count)) }
    }
}
