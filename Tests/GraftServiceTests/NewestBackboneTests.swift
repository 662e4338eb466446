import Foundation
import GraftService
import Testing

@Suite struct NewestBackboneTests {
    @Test func theOneThatCameLastAnswersAfterAStartThoughTheClockWasSetBack() async throws {
        let running = try await RunningService()
        try await running.install(seed: 1, as: "first")
        let file = "\(running.configuration.state)/backbones/first/backbone.safetensors"
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSinceNow: 86_400)], ofItemAtPath: file)
        try await running.install(seed: 2, as: "second")
        try await running.restart()
        #expect(await running.service.status().backbone?.name == "second")
        await running.service.stop()
    }
}
