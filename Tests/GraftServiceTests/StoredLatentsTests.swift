import GraftNetwork
import GraftService
import GraftStore
import TestSupport
import Testing

@Suite struct StoredLatentsTests {
    private static let shape = MapShape(height: 2, width: 3, channels: 4)

    private func elements(_ number: Int) -> [Float] { (0..<Self.shape.count).map { Float($0 * number) } }

    private func latent(_ number: Int, shape: MapShape = shape, damagedBy extra: Int = 0) throws -> KeptLatent {
        let bytes = try LatentFormat.half.encode(elements(number).span, shape: Self.shape)
        return KeptLatent(
            cut: "top", format: "half", height: shape.height, width: shape.width, channels: shape.channels,
            bytes: bytes + [UInt8](repeating: 0, count: extra))
    }

    /// A store of samples with these latents, whose sequence numbers are 1, 2, and so on.
    private func store(_ latents: [KeptLatent?], in folder: TemporaryFolder) async throws -> Store {
        let store = try Store(folder: folder.file("state").path, access: .writer)
        _ = try await store.teach(
            latents.enumerated().map { number, latent in
                NewSample(
                    label: try LabelName(checking: "cat"), digest: [UInt8](repeating: UInt8(number), count: 32),
                    group: nil,
                    fingerprint: "f", features: [1], prediction: nil, relabels: false, latent: latent)
            })
        return store
    }

    private func read(_ latents: StoredLatents, _ rows: [Int]) throws -> (rows: [Int], elements: [Float]) {
        var elements = [Float](repeating: .nan, count: rows.count * Self.shape.count)
        var span = elements.mutableSpan
        let found = try latents.read(rows, into: &span)
        return (found, Array(elements[..<(found.count * Self.shape.count)]))
    }

    @Test func aBatchHasTheLatentsOfItsRowsInTheirOrder() async throws {
        let folder = try TemporaryFolder()
        let store = try await store([latent(1), nil, latent(3), latent(4)], in: folder)
        // The set begins with the second sample.
        let latents = try StoredLatents(
            store, fingerprint: "f", cut: "top", shape: Self.shape, sequences: [2, 3, 4])
        #expect(latents.rows == [1, 2])
        let batch = try read(latents, [2, 1, 2])
        #expect(batch.rows == [2, 1, 2])
        #expect(batch.elements == elements(4) + elements(3) + elements(4))
        #expect(
            try StoredLatents(
                store, fingerprint: "f", cut: "other", shape: Self.shape, sequences: [1]
            ).rows == [])
    }

    @Test func whatWasForgottenMeanwhileIsLeftOut() async throws {
        let folder = try TemporaryFolder()
        let store = try await store([latent(1), latent(2), latent(3)], in: folder)
        let latents = try StoredLatents(
            store, fingerprint: "f", cut: "top", shape: Self.shape, sequences: [1, 2, 3])
        _ = try await store.forget(try await store.samples(label: nil, negative: false, after: 1, limit: 1)[0].id)
        let batch = try read(latents, [0, 1, 2])
        #expect(batch.rows == [0, 2])
        #expect(batch.elements == elements(1) + elements(3))
    }

    @Test func whatCannotBeReadIsNamed() async throws {
        let folder = try TemporaryFolder()
        let other = MapShape(height: 3, width: 2, channels: 4)
        let store = try await store([latent(1, damagedBy: 1), latent(2, shape: other)], in: folder)
        let latents = try StoredLatents(
            store, fingerprint: "f", cut: "top", shape: Self.shape, sequences: [1, 2])
        for (row, words) in [(0, "has 48 bytes, found 49"), (1, "expected one of 2 x 3 x 4, found one of 3 x 2 x 4")] {
            let error = #expect(throws: StoredLatentError.self) { try read(latents, [row]) }
            #expect(error?.description.contains("sample number \(row + 1) cannot be read") == true)
            #expect(error?.description.contains(words) == true)
        }
    }
}
