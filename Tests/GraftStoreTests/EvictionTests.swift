import Foundation
import GRDB
import GraftStore
import TestSupport
import Testing

@Suite struct EvictionTests {
    /// How many latents each label has.
    private func latentsByLabel(_ store: Store) async throws -> [String: Int] {
        try await store.read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT name, count(*) AS latents FROM latents JOIN samples ON sequence = sample
                    JOIN labels ON labels.id = label GROUP BY name
                    """
            ).reduce(into: [:]) { $0[$1["name"]] = $1["latents"] }
        }
    }

    /// Features that differ in many places from those of every other number.
    private func features(_ number: Int) -> [Int16] {
        var generator = SeededGenerator(seed: UInt64(number))
        return (0..<256).map { _ in .random(in: -1000...1000, using: &generator) }
    }

    @Test func latentsStayWithinTheirLimitAndSamplesStayAll() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        for number in 1...40 {
            try await store.add(
                [newSample("cat", number, features: features(number), latent: latent(number, bytes: 100))],
                latentByteLimit: 1050)
            #expect(try await store.latentCounts().bytes <= 1050)
        }
        #expect(try await store.latentCounts() == LatentCounts(latents: 10, bytes: 1000, evicted: 30))
        #expect(try await store.counts(fingerprint: fingerprint).samples == 40)
        // What was taught last has its latent, because room was made for it before.
        #expect(try store.found(of: [40]).map(\.latent) == [latent(40, bytes: 100)])
    }

    @Test func theLabelWithTheMostLosesFirst() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        func sample(_ label: String, _ number: Int) throws -> NewSample {
            try newSample(label, number, features: features(number), latent: latent(number, bytes: 100))
        }
        try await store.add(
            (1...20).map { try sample("many", $0) } + (21...26).map { try sample("some", $0) }
                + (27...29).map { try sample("few", $0) }, latentByteLimit: .max)
        try await store.add([sample("new", 30)], latentByteLimit: 1500)
        // 29 and one new one: 15 have to go, all from the largest.
        #expect(try await latentsByLabel(store) == ["many": 5, "some": 6, "few": 3, "new": 1])
        try await store.add([sample("new", 31)], latentByteLimit: 1000)
        #expect(try await latentsByLabel(store) == ["many": 3, "some": 2, "few": 3, "new": 2])
    }

    @Test func nearDuplicatesGoBeforeWhatStandsAlone() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        // Every third of 30 samples repeats the one before it, nearly.
        let all = (1...30).map { number in
            number % 3 != 0 ? features(number) : features(number - 1).map { $0 + ($0 % 7 == 0 ? 3 : 0) }
        }
        try await store.add(
            (1...30).map {
                try newSample("cat", $0, features: all[$0 - 1], latent: latent($0, bytes: 100))
            }, latentByteLimit: .max)
        try await store.add(
            [newSample("dog", 31, features: features(31), latent: latent(31, bytes: 100))], latentByteLimit: 2100)
        let kept = try store.samplesWithLatent(fingerprint: fingerprint, cut: "top")
        #expect(kept == (1...31).filter { $0 % 3 != 0 })
    }

    @Test func latentsOfBackbonesThatAreNotLoadedGoBeforeAllOthers() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        try await store.load(fingerprint: fingerprint, name: "a")
        try await store.add(
            (1...4).map {
                try newSample("cat", $0, fingerprint: $0 == 2 ? "other" : fingerprint, latent: latent($0, bytes: 100))
            }, latentByteLimit: .max)
        try await store.add([newSample("cat", 5, latent: latent(5, bytes: 100))], latentByteLimit: 400)
        #expect(try store.found(of: [2], fingerprint: "other").isEmpty)
        #expect(try store.samplesWithLatent(fingerprint: fingerprint, cut: "top") == [1, 3, 4, 5])
    }

    @Test func aLatentLargerThanAllMayBeIsNotKeptButItsSampleIs() async throws {
        let state = try TemporaryState()
        let store = try state.open()
        let outcomes = try await store.add([newSample("cat", 1, latent: latent(1, bytes: 100))], latentByteLimit: 99)
        guard case .stored = outcomes[0] else { throw Unexpected(outcome: outcomes[0]) }
        #expect(try await store.latentCounts() == LatentCounts(latents: 0, bytes: 0, evicted: 0))
    }

    @Test func aDiskThatGetsFullTakesLatentsBeforeItRefusesSamples() async throws {
        let latentBytes = 20_000
        guard let disk = try SmallDisk(bytes: 32 << 20) else { return }
        let folder = "\(disk.path)/state"
        let store = try Store(folder: folder, access: .writer)
        var taught = 0
        let error = await #expect(throws: StoreError.self) {
            while true {
                let batch = try (taught..<taught + 50).map {
                    try newSample(
                        "cat \($0 % 3)", $0, features: [Int16](repeating: Int16($0 % 1000), count: 1280),
                        latent: latent($0, bytes: latentBytes))
                }
                try await store.add(batch, latentByteLimit: .max)
                taught += batch.count
            }
        }
        #expect(error == .diskFull(folder: folder))
        // Far more than fit beside their latents, of which nothing is left.
        #expect(taught > 2 * (32 << 20) / (latentBytes + 2560))
        let counts = try await store.counts(fingerprint: fingerprint)
        #expect(counts.samples == taught)
        #expect(counts.latents.latents == 0 && counts.latents.evicted > (16 << 20) / latentBytes)
    }
}
