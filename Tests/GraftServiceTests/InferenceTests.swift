import GraftAPI
import GraftService
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

    @Test func pixelsOfAnotherSizeAreRefused() async throws {
        let running = try await RunningService()
        try await running.install(seed: 1, as: "eyes")
        // As if another backbone had come after their number was checked.
        let small = InferredImage.pixels([Float](repeating: 128, count: 32 * 32 * 3))
        let problem = await #expect(throws: Problem.self) {
            _ = try await running.service.infer([small], needsLabels: false)
        }
        #expect(problem?.kind == .busy)
        #expect(problem?.detail.contains("224 x 224") == true)
    }
}
