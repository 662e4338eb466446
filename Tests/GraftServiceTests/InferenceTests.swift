import Foundation
import GraftAPI
import GraftService
import Synchronization
import TestBackbones
import TestSupport
import Testing

/// Images that are answered without being remembered, as the Open Inference Protocol asks.
@Suite struct InferenceTests {
    private let side = 224

    @Test func everyImageOfABatchCountsAsASignOfLife() async throws {
        let running = try await RunningService()
        try await running.install(seed: 1, as: "eyes")
        let before = running.service.inferences
        let gray = InferredImage.pixels([Float](repeating: 128, count: side * side * 3))
        let inference = try await running.service.infer([gray, gray, .encoded(picture(0, 1))], needsLabels: false)
        #expect(inference.answers.count == 3)
        // The watchdog would take a daemon that is busy with these alone for one that hangs.
        #expect(running.service.inferences == before + 3)
    }

    /// What prepares a batch asks for the side first, and another backbone may come before the batch is computed.
    @Test func pixelsAreRefusedWhereABackboneOfAnotherSizeCameAfterTheyWereChecked() async throws {
        let running = try await RunningService()
        try await running.install(seed: 1, as: "small")
        let checked = try #require(running.service.model.imageSide)
        let batch = [InferredImage](repeating: .pixels([Float](repeating: 128, count: checked * checked * 3)), count: 3)
        #expect(try await running.service.infer(batch, needsLabels: false).answers.count == 3)

        try await running.install("efficientnet_lite1", seed: 2, as: "large")
        let problem = await #expect(throws: Problem.self) {
            _ = try await running.service.infer(batch, needsLabels: false)
        }
        #expect(problem?.kind == .busy)
        #expect(
            problem?.detail
                == "another backbone was loaded meanwhile, which sees 240 x 240 pixels: send them again in that size")

        // What the error asks for is answered, and encoded images are never of a wrong size.
        let again = try #require(running.service.model.imageSide)
        #expect(checked == 224 && again == 240)
        let larger = InferredImage.pixels([Float](repeating: 128, count: again * again * 3))
        let inference = try await running.service.infer([larger, .encoded(picture(0, 1))], needsLabels: false)
        #expect(inference.answers.count == 2)
    }

    @Test func aBatchOfWhichOneImageIsRefusedIsRefusedAsAWhole() async throws {
        let running = try await RunningService()
        try await running.install(seed: 1, as: "eyes")
        let gray = InferredImage.pixels([Float](repeating: 128, count: side * side * 3))
        // Of the size that another backbone saw when the request was checked.
        let small = InferredImage.pixels([Float](repeating: 128, count: 32 * 32 * 3))
        for place in [0, 5, 11] {
            var images = [InferredImage](repeating: gray, count: 12)
            images[place] = small
            let problem = await #expect(throws: Problem.self) {
                _ = try await running.service.infer(images, needsLabels: false)
            }
            #expect(problem?.kind == .busy)
        }
        // Nothing of it is left in the way of the next.
        let inference = try await running.service.infer([gray], needsLabels: false)
        #expect(inference.answers.count == 1)
    }

    @Test func aBatchIsAnsweredByOneModelWhateverIsSwappedInMeanwhile() async throws {
        let running = try await RunningService()
        try await running.install(seed: 1, as: "first")
        try await running.teach(picture(0, 1), "cat")
        let batch = [InferredImage](repeating: .encoded(picture(1, 1)), count: 6)
        let first = try await running.service.infer(batch, needsLabels: true).answers[0].features
        let folder = running.folder
        let swaps = Task { [service = running.service] in
            for seed in [UInt64(2), 1, 2] {
                let file = folder.file("swapped-\(seed).safetensors")
                _ = try TestBackbone.write("efficientnet_lite0", seed: seed, to: file.path)
                let upload = try service.beginBackbone(named: "swapped")
                try upload.write(try Data(contentsOf: file))
                _ = try await service.install(upload)
                // A batch that begins now has the next swap in its middle.
                try await Task.sleep(for: .milliseconds(20))
            }
        }
        let isOver = Atomic(false)
        let watch = Task {
            _ = await swaps.result
            isOver.store(true, ordering: .relaxed)
        }
        var seen: Set<[Float]> = []
        while !isOver.load(ordering: .relaxed) {
            let inference = try await running.service.infer(batch, needsLabels: false)
            #expect(inference.answers.count == batch.count)
            let kinds = Set(inference.answers.map(\.features))
            #expect(kinds.count == 1, "an answer is of one network or of the other")
            #expect(Set(inference.answers.map(\.label)).count == 1)
            seen.formUnion(kinds)
        }
        try await swaps.value
        await watch.value
        seen.formUnion(try await running.service.infer(batch, needsLabels: false).answers.map(\.features))
        #expect(seen.count == 2 && seen.contains(first))
    }
}
