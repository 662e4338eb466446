import Foundation
import Testing

import GraftStore

@Suite struct StoreImagesTests {
    private func image(_ text: String, type: String = "image/png") -> KeptImage {
        KeptImage(mediaType: type, bytes: [UInt8](text.utf8))
    }

    private func taught(_ store: Store, _ number: Int, _ kept: KeptImage?, limit: Int = .max) async throws -> String {
        let outcome = try await store.teach([newSample("cat", number, image: kept)], imageByteLimit: limit).outcomes[0]
        switch outcome {
        case .stored(let id, _), .duplicate(let id): return id
        default: throw Unexpected(outcome: outcome)
        }
    }

    @Test func anImageIsKeptWithItsSampleAndCounted() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        let with = try await taught(store, 1, image("bytes"))
        let without = try await taught(store, 2, nil)
        #expect(try await store.image(of: with) == image("bytes"))
        #expect(try await store.image(of: without) == nil)
        #expect(try await store.counts(fingerprint: nil).images == ImageCounts(images: 1, bytes: 5))
    }

    @Test func forgettingASampleOrItsLabelForgetsTheImages() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        let first = try await taught(store, 1, image("one"))
        _ = try await taught(store, 2, image("two"))
        _ = try await store.forget(first)
        #expect(try await store.image(of: first) == nil)
        #expect(try await store.counts(fingerprint: nil).images == ImageCounts(images: 1, bytes: 3))
        _ = try await store.forget(label: "cat")
        #expect(try await store.counts(fingerprint: nil).images == ImageCounts(images: 0, bytes: 0))
    }

    @Test func whatWasForgottenIsInNoFileAnyMore() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        // Long enough to lie on pages of its own, and found in the files while it is kept.
        let secret = String(repeating: "a face that nobody may see again. ", count: 2_000)
        let id = try await taught(store, 1, image(secret))
        func isInAFile() throws -> Bool {
            try ["", "-wal"].contains { suffix in
                try Data(contentsOf: URL(filePath: state.database + suffix)).range(of: Data("a face that".utf8)) != nil
            }
        }
        #expect(try isInAFile())
        _ = try await store.forget(id)
        #expect(try !isInAFile())
    }

    @Test func anImageWithoutRoomIsNotKeptButItsSampleIs() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        let batch = try [newSample("cat", 1, image: image("12345")), newSample("cat", 2, image: image("123456"))]
        let (outcomes, _, withoutRoom) = try await store.teach(batch, imageByteLimit: 10)
        #expect(outcomes.count == 2 && withoutRoom == 1)
        #expect(try await store.countsByLabel() == ["cat": 2])
        #expect(try await store.counts(fingerprint: nil).images == ImageCounts(images: 1, bytes: 5))
        _ = try await taught(store, 3, image("67890"), limit: 10)
        #expect(try await store.counts(fingerprint: nil).images == ImageCounts(images: 2, bytes: 10))
    }

    @Test func teachingTheSameBytesAgainKeepsTheirImage() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        let id = try await taught(store, 1, nil)
        #expect(try await taught(store, 1, image("small", type: "image/jpeg")) == id)
        #expect(try await store.image(of: id) == image("small", type: "image/jpeg"))
        // What is kept changes with the setting: another one takes its place, and nothing takes nothing away.
        _ = try await taught(store, 1, image("the original"))
        _ = try await taught(store, 1, nil)
        #expect(try await store.image(of: id) == image("the original"))
        #expect(try await store.counts(fingerprint: nil).images == ImageCounts(images: 1, bytes: 12))
    }

    @Test func aRefusedSampleKeepsNoImage() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        let id = try await taught(store, 1, nil)
        let other = try await store.teach([newSample("dog", 1, image: image("bytes"))])
        #expect(other.outcomes == [.conflict(id: id, label: "cat")])
        #expect(try await store.counts(fingerprint: nil).images.images == 0)
    }
}
