import Foundation
import GraftAPI
import GraftClient
import Testing

extension DaemonTests {
    /// Teaching and asking the built daemon, with the real backbone.
    @Suite(.enabled(if: Programs.weights != nil, Programs.weightsCondition))
    struct TeachingTests {
        @Test func aLabelIsAnsweredWhenItsTeachCallReturns() async throws {
            try await RunningDaemon.with { daemon in
                for kind in TestImages.kinds {
                    let image = TestImages.ppm(kind: kind, seed: 1)
                    let taught = try await daemon.client.teach(image, mediaType: .ppm, label: kind)
                    #expect(taught.label == kind)
                    #expect(taught.duplicateOf == nil)
                    let answer = try await daemon.client.classify(image, mediaType: .ppm)
                    #expect(answer.label == kind)
                    #expect(answer.model == taught.model)
                }
                let labels = try await daemon.client.labels()
                #expect(Set(labels.map(\.label)) == Set(TestImages.kinds))
            }
        }

        @Test func probabilitiesOfAllLabelsSumToOneAndComeSorted() async throws {
            try await RunningDaemon.with { daemon in
                try await daemon.teach(perKind: 3)
                let answer = try await daemon.client.classify(
                    TestImages.ppm(kind: "rings", seed: 99), mediaType: .ppm, top: 100)
                #expect(answer.top.count == TestImages.kinds.count)
                // Five 32-bit probabilities, each rounded once.
                #expect(abs(answer.top.map(\.probability).reduce(0, +) - 1) < 1e-5)
                #expect(answer.top.map(\.probability) == answer.top.map(\.probability).sorted(by: >))
                #expect(answer.top[0].label == answer.label)
            }
        }

        @Test func theSameBytesAreOneSample() async throws {
            try await RunningDaemon.with { daemon in
                let image = TestImages.ppm(kind: "rings", seed: 1)
                let first = try await daemon.client.teach(image, mediaType: .ppm, label: "rings")
                let again = try await daemon.client.teach(image, mediaType: .ppm, label: "rings")
                #expect(again.id == first.id)
                #expect(again.duplicateOf == first.id)
                #expect(again.model == first.model)

                await #expect(
                    performing: {
                        try await daemon.client.teach(image, mediaType: .ppm, label: "stripes")
                    },
                    throws: { error in
                        guard case ClientError.problem(let problem) = error else { return false }
                        return problem.kind == .labelConflict && problem.id == first.id && problem.label == "rings"
                    })
                let relabelled = try await daemon.client.teach(
                    image, mediaType: .ppm, label: "stripes", onConflict: .relabel)
                #expect(relabelled.id == first.id)
                #expect(relabelled.label == "stripes")
                #expect(try await daemon.client.status().samples == 1)
            }
        }

        @Test func anAnswersImageCanBeTaughtWithoutSendingItAgain() async throws {
            try await RunningDaemon.with { daemon in
                try await daemon.teach(perKind: 2)
                let image = TestImages.ppm(kind: "blobs", seed: 77)
                let answer = try await daemon.client.classify(image, mediaType: .ppm)
                let taught = try await daemon.client.teach(answer: answer.id, label: "new")
                #expect(taught.label == "new")
                #expect(try await daemon.client.classify(image, mediaType: .ppm).label == "new")
                await #expect(
                    performing: {
                        try await daemon.client.teach(answer: "no such answer", label: "new")
                    }, throws: { ($0 as? ClientError)?.problemKind == .unknownAnswer })
            }
        }

        @Test func undoIsExact() async throws {
            try await RunningDaemon.with { daemon in
                try await daemon.teach(perKind: 3)
                let probe = TestImages.ppm(kind: "checks", seed: 50)
                let before = try await daemon.client.classify(probe, mediaType: .ppm)
                let extra = try await daemon.client.teach(probe, mediaType: .ppm, label: "rings")
                #expect(try await daemon.client.classify(probe, mediaType: .ppm).top != before.top)
                _ = try await daemon.client.forget(sample: extra.id)
                #expect(try await daemon.client.classify(probe, mediaType: .ppm).top == before.top)
            }
        }

        @Test func labelsAreRenamedMergedAndForgotten() async throws {
            try await RunningDaemon.with { daemon in
                try await daemon.teach(perKind: 3)
                _ = try await daemon.client.rename(label: "rings", to: "ringe")
                #expect(
                    try await daemon.client.classify(TestImages.ppm(kind: "rings", seed: 1), mediaType: .ppm).label
                        == "ringe")
                await #expect(
                    performing: {
                        try await daemon.client.rename(label: "ringe", to: "stripes")
                    }, throws: { ($0 as? ClientError)?.problemKind == .labelExists })
                let merged = try await daemon.client.rename(label: "ringe", to: "stripes", merge: true)
                #expect(merged.samples == 3)
                let forgotten = try await daemon.client.forget(label: "checks")
                #expect(forgotten.samples == 3)
                let labels = try await daemon.client.labels()
                #expect(labels.map(\.label).sorted() == ["blobs", "ramps", "stripes"])
                #expect(labels.first { $0.label == "stripes" }?.samples == 6)
            }
        }

        @Test func samplesAreListedPageByPage() async throws {
            try await RunningDaemon.with { daemon in
                try await daemon.teach(perKind: 2)
                var seen: [String] = []
                var after: String?
                repeat {
                    let page = try await daemon.client.samples(label: nil, after: after, limit: 3)
                    seen += page.samples.map(\.id)
                    after = page.next
                } while after != nil
                #expect(seen.count == 10)
                #expect(Set(seen).count == 10)
            }
        }
    }
}

extension RunningDaemon {
    /// Teaches the first `perKind` pictures of each kind, under the kind's name; several at a time.
    func teach(perKind: Int) async throws {
        for kind in TestImages.kinds {
            try await withThrowingTaskGroup { group in
                for seed in 1...perKind {
                    group.addTask { [client] in
                        let image = TestImages.ppm(kind: kind, seed: UInt64(seed))
                        _ = try await client.teach(image, mediaType: .ppm, label: kind, group: "\(kind)-\(seed)")
                    }
                }
                try await group.waitForAll()
            }
        }
    }
}

extension ClientError {
    /// The kind of problem document the daemon answered, if that is what happened.
    var problemKind: Problem.Kind? {
        guard case .problem(let problem) = self else { return nil }
        return problem.kind
    }
}
