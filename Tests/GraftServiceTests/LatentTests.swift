import Foundation
import GraftAPI
import GraftService
import GraftStore
import Testing

/// What a service keeps of the tensor between trunk and top.
@Suite(.serialized) struct LatentTests {
    /// Those of the loaded backbone, in the order of the samples.
    private func latents(_ running: RunningService) async throws -> [KeptLatent] {
        let status = await running.service.status()
        let fingerprint = try #require(status.backbone?.fingerprint)
        let cut = try #require(status.latents?.cut)
        let store = try Store(folder: running.configuration.state, access: .reader)
        let samples = try store.samplesWithLatent(fingerprint: fingerprint, cut: cut)
        return try store.latents(of: samples, fingerprint: fingerprint, cut: cut).map(\.latent)
    }

    @Test func answersAreTheSameWithAndWithoutLatents() async throws {
        var answers: [Classification] = []
        let changes: [(inout Configuration) -> Void] = [
            { $0.latents = nil }, { $0.latents = .int8 }, { $0.latents = .half },
        ]
        for change in changes {
            let running = try await RunningService(change)
            try await running.install(seed: 1, as: "first")
            for (kind, label) in ["cat", "dog", "owl"].enumerated() { try await running.teach(picture(kind, 1), label) }
            answers.append(try await running.service.classify(picture(1, 7), top: 3))
            await running.service.stop()
        }
        #expect(answers[0].top.count == 3)
        #expect(answers[1].top == answers[0].top && answers[2].top == answers[0].top)
    }

    @Test func aTaughtImageLeavesItsLatentAlsoByItsAnswer() async throws {
        let running = try await RunningService()
        try await running.install(seed: 1, as: "first")
        try await running.teach(picture(0, 1), "cat")
        let answer = try await running.service.classify(picture(1, 2), top: 1)
        _ = try await running.service.teach(answer: answer.id, Teaching(label: "dog", group: nil, relabel: false))
        let kept = await running.service.status().latents
        // EfficientNet-Lite0 is cut before blocks.11, after 14 x 14 pixels of 112 channels: as many bytes, and two floats
        // for each channel.
        let bytes = 14 * 14 * 112 + 2 * 4 * 112
        #expect(
            kept
                == KeptLatents(
                    format: "int8", cut: "blocks.11", latents: 2, bytes: 2 * bytes, byteLimit: 2 << 30, evicted: 0))
        // What the answer kept is what the image itself leaves.
        let other = try await RunningService()
        try await other.install(seed: 1, as: "first")
        try await other.teach(picture(0, 1), "cat")
        try await other.teach(picture(1, 2), "dog")
        let found = try await latents(running)
        #expect(found.count == 2 && found[0] != found[1])
        #expect(found == (try await latents(other)))
        await running.service.stop()
        await other.service.stop()
    }

    @Test func latentsAreEvictedBeyondTheirLimitAndCounted() async throws {
        let running = try await RunningService { $0.latentLimit = 50_000 }
        try await running.install(seed: 1, as: "first")
        for seed in 0..<5 { try await running.teach(picture(0, UInt64(seed)), "cat") }
        let status = await running.service.status()
        #expect(status.samples == 5 && status.latents?.latents == 2 && status.latents?.evicted == 3)
        await running.service.stop()
    }

    @Test func anotherBackboneLeavesItsOwnLatentsOfKeptImages() async throws {
        let running = try await RunningService { $0.keep = .original }
        try await running.install(seed: 1, as: "first")
        for kind in 0..<3 { try await running.teach(picture(kind, 1), "label \(kind)") }
        try await running.install(seed: 2, as: "second")
        let status = try await running.extracted()
        #expect(status.samples == 3 && status.latents?.latents == 3)
        let fresh = try await RunningService()
        try await fresh.install(seed: 2, as: "second")
        for kind in 0..<3 { try await fresh.teach(picture(kind, 1), "label \(kind)") }
        #expect(try await latents(running) == (try await latents(fresh)))
        await running.service.stop()
        await fresh.service.stop()
    }

    @Test func aCutThatTheBackboneLacksIsAnErrorThatListsItsBlocks() async throws {
        let running = try await RunningService { $0.cut = "layer4" }
        let problem = await #expect(throws: Problem.self) { try await running.install(seed: 1, as: "first") }
        #expect(problem?.kind == .badBackbone)
        let detail = try #require(problem?.detail)
        #expect(detail.contains("blocks.11, blocks.12") && detail.contains("found 'layer4'"))
        await running.service.stop()
    }

    @Test func theConfiguredCutIsWhereLatentsAreTaken() async throws {
        let running = try await RunningService { ($0.cut, $0.latents) = ("blocks.12", .half) }
        try await running.install(seed: 1, as: "first")
        try await running.teach(picture(0, 1), "cat")
        let latent = try #require(try await latents(running).first)
        #expect(latent.cut == "blocks.12")
        #expect((latent.height, latent.width, latent.channels) == (7, 7, 192))
        #expect(latent.format == "half" && latent.bytes.count == 2 * 7 * 7 * 192)
        await running.service.stop()
    }
}
