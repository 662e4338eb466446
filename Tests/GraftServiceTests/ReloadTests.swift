import Foundation
import GraftAPI
import GraftService
import TestSupport
import Testing

/// What a configuration that is read again changes.
@Suite struct ReloadTests {
    @Test func everySettingIsKnownByItsKey() {
        let stored = Mirror(reflecting: Configuration()).children.compactMap(\.label)
        #expect(Set(Configuration.settings.map(\.key)) == Set(stored))
        #expect(Configuration.settings.count == stored.count)
    }

    @Test func thePackagesFileNamesEverySetting() throws {
        let file = Fixture.root.appending(path: "../../deploy/graftd.yaml")
        let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
        let named = lines.compactMap { line in
            line.firstMatch(of: /^#?([a-zA-Z]+): \S+$/).map { String($0.1) }
        }
        #expect(named.sorted() == Configuration.settings.map(\.key).sorted())
    }

    @Test func whatCanChangeLiveDoesAndTheRestIsNamed() {
        var settings = Configuration()
        settings.threads = 2
        var next = settings
        next.pixelLimit = 1_000
        next.trainAutomatically = false
        next.threads = 3
        next.cut = "blocks.12"
        let reloaded = settings.takeOver(next)
        #expect(
            reloaded.applied == [
                SettingChange(key: "pixelLimit", from: "50000000", to: "1000"),
                SettingChange(key: "trainAutomatically", from: "on", to: "off"),
            ])
        #expect(
            reloaded.needsRestart == [
                SettingChange(key: "threads", from: "2", to: "3"),
                SettingChange(key: "cut", from: "unset", to: "blocks.12"),
            ])
        #expect(settings.pixelLimit == 1_000 && !settings.trainAutomatically)
        #expect(settings.threads == 2 && settings.cut == nil)
        #expect(settings.takeOver(settings) == Reloaded(applied: [], needsRestart: []))
    }

    @Test func aRunningServiceHeedsItsNewLimits() async throws {
        let running = try await RunningService()
        try await running.install(seed: 1, as: "one")
        try await running.teach(picture(0, 1), "a")
        var next = running.configuration
        next.pixelLimit = 1_000
        #expect(await running.service.apply(next).applied.map(\.key) == ["pixelLimit"])
        let refused = await #expect(throws: Problem.self) { try await running.teach(picture(0, 2), "a") }
        #expect(refused?.kind == .imageTooLarge)
        #expect(await running.service.apply(running.configuration).applied.map(\.key) == ["pixelLimit"])
        try await running.teach(picture(0, 2), "a")
        await running.service.stop()
    }

    @Test func onlyAnInferenceThatEndedCounts() async throws {
        let running = try await RunningService()
        try await running.service.answerTestImage()
        #expect(running.service.inferences == 0, "without a backbone there is none")
        try await running.install(seed: 1, as: "one")
        try await running.service.answerTestImage()
        #expect(running.service.inferences == 1)
        try await running.teach(picture(0, 1), "a")
        #expect(running.service.inferences == 2)
        await running.service.stop()
    }

    @Test func notableEventsHaveIdentifiersOfTheirOwn() {
        let ids = NotableEvent.allCases.map(\.messageID)
        #expect(Set(ids).count == ids.count)
        #expect(ids.allSatisfy { $0.count == 32 && $0.allSatisfy { $0.isHexDigit && !$0.isUppercase } })
    }
}
