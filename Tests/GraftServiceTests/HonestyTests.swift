import GraftAPI
import GraftLearning
import GraftService
import GraftStore
import TestSupport
import Testing

/// What the service says of what it does not know, and of how good it is.
@Suite struct HonestyTests {
    @Test func theBackgroundHasOneIdOnBothSides() {
        #expect(LabelStatistics.background == Store.negative)
    }

    @Test func negativesAreLearnedButNotAnswered() async throws {
        let running = try await RunningService()
        try await running.install(seed: 1, as: "a")
        let negative = Teaching(label: nil, group: nil, relabel: false)
        let first = try await running.service.teach(picture(2, 0), negative).taught
        #expect(first.label == nil && first.predicted == nil)
        // Examples of none alone are nothing to answer with.
        #expect(await running.service.status().phase == .noLabels)
        for seed in 1...3 { try await running.teach(picture(0, UInt64(seed)), "cat") }
        for seed in 1...3 { try await running.teach(picture(1, UInt64(seed)), "dog") }
        let answer = try await running.service.classify(picture(0, 9), top: 10)
        #expect(Set(answer.top.map(\.label)) == ["cat", "dog"])
        #expect(abs(answer.top.reduce(0) { $0 + $1.probability } - 1) < 1e-5)
        #expect(answer.novelty >= 0 && answer.novelty < 1)
        let status = await running.service.status()
        #expect(status.negatives == 1 && status.samples == 6 && status.labels == 2)
        let page = try await running.service.samples(label: nil, negative: true, after: 0, limit: 10)
        #expect(page.samples.map(\.id) == [first.id] && page.samples[0].negative)

        // The same answers after a start that learns everything again.
        try await running.restart()
        let again = try await running.service.classify(picture(0, 9), top: 10)
        #expect(again.top == answer.top && again.novelty == answer.novelty && again.unknown == answer.unknown)

        _ = try await running.service.relabel(first.id, as: "bird")
        #expect(try await running.service.labels().labels.map(\.label) == ["bird", "cat", "dog"])
        #expect(await running.service.status().negatives == 0)
        _ = try await running.service.relabel(first.id, as: nil)
        _ = try await running.service.forget(first.id)
        let left = await running.service.status()
        #expect(left.negatives == 0 && left.samples == 6)
        await running.service.stop()
    }

    @Test func nearlyTheSamePictureIsNamed() async throws {
        let running = try await RunningService()
        try await running.install(seed: 1, as: "a")
        let original = picture(0, 1)
        var bytes = original.bytes
        bytes[0] ^= 1
        let copy = EncodedImage(bytes: bytes, format: original.format)
        let first = try await running.teach(original, "cat")
        #expect(first.nearDuplicateOf == nil)
        let second = try await running.teach(copy, "cat")
        #expect(second.nearDuplicateOf == first.id && second.duplicateOf == nil)
        // Under another label it is a mistake, not a copy.
        bytes[1] ^= 1
        let third = try await running.teach(EncodedImage(bytes: bytes, format: original.format), "dog")
        #expect(third.nearDuplicateOf == nil)
        // It is found after a start, too, and not once it is forgotten.
        try await running.restart()
        bytes[2] ^= 1
        let fourth = try await running.teach(EncodedImage(bytes: bytes, format: original.format), "dog")
        #expect(fourth.nearDuplicateOf == third.id)
        _ = try await running.service.forget(third.id)
        _ = try await running.service.forget(fourth.id)
        bytes[3] ^= 1
        let fifth = try await running.teach(EncodedImage(bytes: bytes, format: original.format), "dog")
        #expect(fifth.nearDuplicateOf == nil)
        await running.service.stop()
    }

    @Test func theReportCountsWhatWasSaidBeforeLearning() async throws {
        let running = try await RunningService()
        try await running.install(seed: 1, as: "a")
        let empty = try await running.service.report(window: 10)
        #expect(empty.samples == 0 && empty.prequential == nil && empty.heldOut == nil && empty.versions.isEmpty)
        var answers: [(label: String, answered: String)] = []
        for seed in 1...6 {
            for (kind, label) in ["cat", "dog"].enumerated() {
                let taught = try await running.teach(picture(kind, UInt64(seed)), label)
                if let predicted = taught.predicted { answers.append((label, predicted.label)) }
            }
        }
        #expect(answers.count == 11)  // The first of all could not be answered.
        let report = try await running.service.report(window: 8)
        let counts = try #require(report.prequential?.counts)
        let last = answers.suffix(8)
        #expect(counts.samples == 8)
        #expect(counts.accuracy == Double(last.count { $0.label == $0.answered }) / 8)
        for label in counts.labels {
            #expect(label.samples == last.count { $0.label == label.label })
            #expect(label.answered == last.count { $0.answered == label.label })
        }
        #expect(counts.confusion.reduce(0) { $0 + $1.samples } == 8)
        #expect(report.prequential?.series == [counts.accuracy])
        #expect(report.heldOut == nil)
        let label = try #require(try await running.service.labels().labels.first)
        #expect(label.prequentialRecall != nil && label.recall == nil)
        await running.service.stop()
    }
}
