import Foundation
import GraftAPI
import GraftService
import GraftStore
import Testing

/// Samples and another backbone. Networks have random weights: what they see means nothing, but it is theirs alone.
@Suite(.serialized) struct ExtractionTests {
    private static let labels = ["cat", "dog", "owl"]

    private func teach(_ running: RunningService, _ seeds: Range<UInt64>, side: Int = 64) async throws {
        for seed in seeds {
            for (kind, label) in Self.labels.enumerated() {
                try await running.teach(picture(kind, seed, side: side), label)
            }
        }
    }

    private func answers(_ running: RunningService) async throws -> [[LabelProbability]] {
        var answers: [[LabelProbability]] = []
        for kind in Self.labels.indices {
            answers.append(try await running.service.classify(picture(kind, 1_000), top: 10).top)
        }
        return answers
    }

    @Test func keptImagesAnswerAsIfTheyHadBeenTaughtUnderTheNewBackbone() async throws {
        let running = try await RunningService { $0.keep = .original }
        try await running.install(seed: 1, as: "first")
        try await teach(running, 0..<4)
        let first = try await answers(running)
        try await running.install(seed: 2, as: "second")
        let status = try await running.extracted()
        #expect(status.samples == 12 && status.otherSamples == 0 && status.otherBackbones.isEmpty)
        #expect(status.extraction?.done == 12 && status.extraction?.backbone == "second")
        #expect(status.kept?.images == 12)

        let fresh = try await RunningService()
        try await fresh.install(seed: 2, as: "second")
        try await teach(fresh, 0..<4)
        let second = try await answers(running)
        #expect(second == (try await answers(fresh)))
        #expect(second != first)

        // And back: everything is extracted for the first one again.
        try await running.install(seed: 1, as: "first")
        #expect(try await running.extracted().samples == 12)
        #expect(try await answers(running) == first)
        await running.service.stop()
        await fresh.service.stop()
    }

    @Test func withoutImagesSamplesStayAreReportedAndAnswerAgain() async throws {
        let running = try await RunningService()
        try await running.install(seed: 1, as: "first")
        try await teach(running, 0..<2)
        let before = try await answers(running)
        try await running.install(seed: 2, as: "second")
        let status = try await running.extracted()
        #expect(status.samples == 0 && status.otherSamples == 6 && status.phase == .noLabels)
        #expect(status.otherBackbones.map(\.name) == ["first"])
        #expect(status.otherBackbones.map(\.withoutImage) == [6])
        #expect(status.summary.contains("6 samples stay with first"))
        let refused = await #expect(throws: Problem.self) { try await running.service.classify(picture(0, 1), top: 1) }
        #expect(refused?.kind == .noLabels && refused?.detail.contains("first") == true)
        #expect(try await running.service.backbones().backbones.map(\.samples) == [0, 6])

        try await running.install(seed: 1, as: "first")
        #expect(try await running.extracted().otherSamples == 0)
        #expect(try await answers(running) == before)
        await running.service.stop()
    }

    @Test func bytesThatAreKnownUnderAnotherBackboneAreLearnedWhenTheyAreTaughtAgain() async throws {
        let running = try await RunningService()
        try await running.install(seed: 1, as: "first")
        try await teach(running, 0..<2)
        let page = try await running.service.samples(label: nil, negative: false, after: 0, limit: 10)
        try await running.install(seed: 2, as: "second")
        try await teach(running, 0..<2)
        let status = await running.service.status()
        #expect(status.samples == 6 && status.otherSamples == 0)
        let again = try await running.service.samples(label: nil, negative: false, after: 0, limit: 10)
        #expect(again.samples.map(\.id) == page.samples.map(\.id))
        let fresh = try await RunningService()
        try await fresh.install(seed: 2, as: "second")
        try await teach(fresh, 0..<2)
        #expect(try await answers(running) == answers(fresh))
        await running.service.stop()
        await fresh.service.stop()
    }

    @Test func whatChangesMeanwhileIsNeitherLostNorCountedTwice() async throws {
        let running = try await RunningService { $0.keep = .original }
        try await running.install(seed: 1, as: "first")
        try await teach(running, 0..<30)
        let ids = try await running.service.samples(label: nil, negative: false, after: 0, limit: 100).samples.map(\.id)
        try await running.install(seed: 2, as: "second")
        // Everywhere in the order of extraction: some before it gets there, some after.
        for number in stride(from: 1, to: 30, by: 4) {
            _ = try await running.service.forget(ids[number * 3])
            _ = try await running.service.relabel(ids[number * 3 + 1], as: "owl")
            try await running.teach(picture(2, UInt64(number)), "owl")
            try await running.teach(picture(0, UInt64(number + 100)), "cat")
        }
        let status = try await running.extracted()
        #expect(status.samples == 90 && status.otherSamples == 0)

        let fresh = try await RunningService()
        try await fresh.install(seed: 2, as: "second")
        try await teach(fresh, 0..<30)
        let others = try await fresh.service.samples(label: nil, negative: false, after: 0, limit: 100).samples.map(
            \.id)
        for number in stride(from: 1, to: 30, by: 4) {
            _ = try await fresh.service.forget(others[number * 3])
            _ = try await fresh.service.relabel(others[number * 3 + 1], as: "owl")
            try await fresh.teach(picture(0, UInt64(number + 100)), "cat")
        }
        // Statistics are exact sums, so one sample too many or too few would show.
        #expect(try await answers(running) == answers(fresh))
        await running.service.stop()
        await fresh.service.stop()
    }

    @Test func aStopInTheMiddleGoesOnAtTheNextStart() async throws {
        let running = try await RunningService { $0.keep = .original }
        try await running.install(seed: 1, as: "first")
        try await teach(running, 0..<40)
        let events = running.service.events.listen()
        try await running.install(seed: 2, as: "second")
        // Stops after the first batch.
        for await event in events {
            if case .extraction(let progress) = event, progress.done > 0 { break }
        }
        try await running.restart()
        let status = try await running.extracted()
        #expect(status.samples == 120 && status.extraction?.done == 120 && status.extraction?.total == 120)
        await running.service.stop()
    }

    @Test func yetAnotherBackboneTakesOver() async throws {
        let running = try await RunningService { $0.keep = .original }
        try await running.install(seed: 1, as: "first")
        try await teach(running, 0..<20)
        try await running.install(seed: 2, as: "second")
        try await running.install(seed: 3, as: "third")
        let status = try await running.extracted()
        #expect(status.samples == 60 && status.otherSamples == 0 && status.extraction?.backbone == "third")
        await running.service.stop()
    }

    @Test func anImageThatCannotBeReadIsCountedAndNotTriedForEver() async throws {
        let running = try await RunningService { $0.keep = .original }
        await running.service.stop()
        let store = try Store(folder: running.configuration.state, access: .writer)
        for (number, type) in ["image/png", "image/unheard-of"].enumerated() {
            _ = try await store.teach([
                NewSample(
                    label: LabelName(checking: "cat"), digest: [UInt8](repeating: UInt8(number), count: 32), group: nil,
                    fingerprint: "gone", features: [1], prediction: nil, relabels: false,
                    image: KeptImage(mediaType: type, bytes: [1, 2, 3]))
            ])
        }
        try store.close()
        try await running.restart()
        try await running.install(seed: 1, as: "first")
        for _ in 0..<2 {
            let status = try await running.extracted()
            #expect(status.extraction?.unreadable == 2 && status.extraction?.done == 0)
            #expect(status.otherBackbones.map(\.unreadable) == [2])
            #expect(status.otherBackbones.map(\.withoutImage) == [0])
            try await running.restart()
        }
        await running.service.stop()
    }

    @Test func aThumbnailIsSmallAndIsExtractedAgain() async throws {
        let running = try await RunningService { $0.keep = .thumbnail }
        try await running.install(seed: 1, as: "first")
        // 480 × 480 raw pixels are 675 KiB; small images are kept as they are.
        try await teach(running, 0..<2, side: 480)
        try await running.teach(picture(0, 77), "cat")
        let kept = try #require(await running.service.status().kept)
        #expect(kept.images == 7 && kept.bytes < 7 * (128 << 10))
        try await running.install(seed: 2, as: "second")
        let status = try await running.extracted()
        #expect(status.samples == 7 && status.extraction?.unreadable == 0)
        #expect(try await running.service.classify(picture(1, 0, side: 480), top: 1).label == "dog")
        await running.service.stop()
    }

    @Test func whatFindsNoRoomIsTaughtWithoutItsImage() async throws {
        let running = try await RunningService {
            $0.keep = .original
            $0.keepLimit = 30_000
        }
        try await running.install(seed: 1, as: "first")
        // 64 × 64 raw pixels are 12,288 bytes: two of six fit.
        try await teach(running, 0..<2)
        let status = await running.service.status()
        #expect(status.samples == 6)
        #expect(status.kept == KeptImages(keep: "original", images: 2, bytes: 24_576, byteLimit: 30_000))
        await running.service.stop()
    }

    @Test func anAnswersImageIsKeptWhenItIsTaught() async throws {
        let running = try await RunningService { $0.keep = .original }
        try await running.install(seed: 1, as: "first")
        try await running.teach(picture(0, 1), "cat")
        let answer = try await running.service.classify(picture(1, 2), top: 1)
        let teaching = Teaching(label: "dog", group: nil, relabel: false)
        _ = try await running.service.teach(answer: answer.id, teaching)
        #expect(await running.service.status().kept?.images == 2)
        try await running.install(seed: 2, as: "second")
        #expect(try await running.extracted().samples == 2)
        await running.service.stop()
    }

    @Test func aVersionAndRevisionNameOneBackbonesModelAlone() async throws {
        let running = try await RunningService { $0.keep = .original }
        try await running.install(seed: 1, as: "first")
        try await teach(running, 0..<2)
        let before = await running.service.status().model
        try await running.install(seed: 2, as: "second")
        _ = try await running.extracted()
        try await running.install(seed: 1, as: "first")
        let status = try await running.extracted()
        // The same samples under the same backbone, but not the same state: a reference is never used twice.
        #expect(status.model.version == 0 && status.model.revision > before.revision)
        await running.service.stop()
    }
}
