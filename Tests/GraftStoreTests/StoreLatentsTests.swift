import Foundation
import GRDB
import GraftStore
import Testing

@Suite struct StoreLatentsTests {
    @Test func aLatentIsKeptWithItsSampleAndCounted() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        let latent = latent(1, bytes: 1000)
        try await store.add([newSample("cat", 1, latent: latent), newSample("cat", 2), newSample("dog", 3)])
        #expect(try store.found(of: [3, 2, 1]) == [Found(sample: 1, latent: latent)])
        #expect(try store.samplesWithLatent(fingerprint: fingerprint, cut: "top") == [1])
        #expect(try await store.latentCounts() == LatentCounts(latents: 1, bytes: 1000, evicted: 0))
    }

    @Test func latentsComeInTheOrderInWhichTheyWereAskedFor() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        try await store.add((1...4).map { try newSample("cat", $0, latent: latent($0)) })
        #expect(try store.found(of: [3, 1, 99, 4]).map(\.sample) == [3, 1, 4])
        #expect(try store.found(of: [2])[0].latent == latent(2))
    }

    @Test func onlyThoseOfTheBackboneAndTheCutAreFound() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        try await store.add([
            newSample("cat", 1, latent: latent(1)), newSample("cat", 2, latent: latent(2, cut: "earlier")),
            newSample("cat", 3, fingerprint: "other", latent: latent(3)),
        ])
        #expect(try store.found(of: [1, 2, 3]).map(\.sample) == [1])
        #expect(try store.found(of: [1, 2, 3], cut: "earlier").map(\.sample) == [2])
        #expect(try store.samplesWithLatent(fingerprint: fingerprint, cut: "earlier") == [2])
        #expect(try store.samplesWithLatent(fingerprint: "other", cut: "top") == [3])
        #expect(try store.samplesWithLatent(fingerprint: "unknown", cut: "top") == [])
    }

    @Test func aSnapshotHasTheLatentsOfItsSamples() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        try await store.add((1...3).map { try newSample("cat", $0, latent: latent($0)) })
        #expect(try store.samplesWithLatent(fingerprint: fingerprint, cut: "top", upTo: 2) == [1, 2])
    }

    @Test func forgettingASampleOrItsLabelForgetsTheLatents() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        try await store.add((1...3).map { try newSample("cat", $0, latent: latent($0)) })
        let first = try await store.samples(label: nil, after: 0, limit: 1)[0].id
        _ = try await store.forget(first)
        #expect(try store.found(of: [1, 2, 3]).map(\.sample) == [2, 3])
        _ = try await store.forget(label: "cat")
        #expect(try await store.latentCounts() == LatentCounts(latents: 0, bytes: 0, evicted: 0))
    }

    @Test func whatWasForgottenIsInNoFileAnyMore() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        let secret = Array(String(repeating: "the shadow of a face. ", count: 1000).utf8)
        let outcome = try await store.add([newSample("cat", 1, latent: latent(1, holding: secret))])[0]
        guard case .stored(let id, _) = outcome else { throw Unexpected(outcome: outcome) }
        func isInAFile() throws -> Bool {
            try ["", "-wal"].contains { suffix in
                try Data(contentsOf: URL(filePath: state.database + suffix)).range(of: Data("shadow of".utf8)) != nil
            }
        }
        #expect(try isInAFile())
        _ = try await store.forget(id)
        #expect(try !isInAFile())
    }

    @Test func teachingTheSameBytesAgainBringsWhatIsMissing() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        try await store.add([newSample("cat", 1)])
        try await store.add([newSample("cat", 1, latent: latent(1))])
        #expect(try store.found(of: [1]).map(\.latent) == [latent(1)])
        // Another cut was configured since.
        try await store.add([newSample("cat", 1, latent: latent(7, cut: "later"))])
        #expect(try store.found(of: [1], cut: "later").map(\.latent) == [latent(7, cut: "later")])
        #expect(try await store.latentCounts().latents == 1)
    }

    @Test func aSampleThatMovesToAnotherBackboneTakesNoLatentAlong() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        try await store.add([newSample("cat", 1, latent: latent(1)), newSample("cat", 2, latent: latent(2))])
        let ids = try await store.samples(label: nil, after: 0, limit: 2).map(\.id)
        _ = try await store.relearn(
            [
                ExtractedSample(id: ids[0], features: [1], latent: latent(9)),
                ExtractedSample(id: ids[1], features: [2]),
            ], fingerprint: "other")
        #expect(try store.found(of: [1, 2]).isEmpty)
        #expect(try store.found(of: [1, 2], fingerprint: "other") == [Found(sample: 1, latent: latent(9))])
        #expect(try await store.latentCounts().latents == 1)
    }
}

// MARK: - Support

struct Found: Equatable {
    let sample: Int64
    let latent: KeptLatent
}

/// Bytes that differ for every number.
func latent(_ number: Int, cut: String = "top", bytes: Int = 64) -> KeptLatent {
    latent(number, cut: cut, holding: (0..<bytes).map { UInt8(truncatingIfNeeded: $0 &+ number &* 31) })
}

func latent(_ number: Int, cut: String = "top", holding bytes: [UInt8]) -> KeptLatent {
    KeptLatent(cut: cut, format: "int8", height: 1, width: 1, channels: bytes.count, bytes: bytes)
}

extension Store {
    func found(
        of samples: [Int64], fingerprint: String = fingerprint, cut: String = "top"
    ) throws -> [Found] {
        try latents(of: samples, fingerprint: fingerprint, cut: cut).map { Found(sample: $0.sample, latent: $0.latent) }
    }

    func latentCounts() async throws -> LatentCounts { try await counts(fingerprint: nil).latents }

    @discardableResult
    func add(_ samples: [NewSample], latentByteLimit: Int = .max) async throws -> [TeachOutcome] {
        try await teach(samples, imageByteLimit: .max, latentByteLimit: latentByteLimit).outcomes
    }
}
