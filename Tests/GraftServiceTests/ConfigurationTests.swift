import Foundation
import GraftService
import TestSupport
import Testing

@Suite struct ConfigurationTests {
    private func read(
        file: String? = nil, environment: [String: String] = [:], flags: [String: String] = [:]
    ) async throws -> Configuration {
        try await .read(file: file, environment: environment, flags: flags)
    }

    @Test func defaultsAreInPlace() async throws {
        #expect(try await read() == Configuration())
        #expect(Configuration().pixelLimit == 50_000_000)
        #expect(Configuration().problems.isEmpty)
    }

    @Test func flagsWinOverTheEnvironmentAndThatOverTheFile() async throws {
        let folder = try TemporaryFolder()
        let file = folder.file("graftd.yaml")
        try "state: /file\nthreads: 3\npixelLimit: 1000\n".write(to: file, atomically: true, encoding: .utf8)
        let settings = try await read(
            file: file.path, environment: ["GRAFTD_STATE": "/environment", "GRAFTD_THREADS": "4"],
            flags: ["state": "/flag"])
        #expect(settings.state == "/flag")
        #expect(settings.threads == 4)
        #expect(settings.pixelLimit == 1_000)
    }

    @Test func whatIsKeptIsOneOfThreeWithALimit() async throws {
        #expect(Configuration().keep == .none)
        let settings = try await read(environment: ["GRAFTD_KEEP": "thumbnail", "GRAFTD_KEEP_LIMIT": "1000000"])
        #expect(settings.keep == .thumbnail && settings.keepLimit == 1_000_000)
        let errors = await #expect(throws: ConfigurationErrors.self) {
            try await read(environment: ["GRAFTD_KEEP": "everything", "GRAFTD_KEEP_LIMIT": "-1"])
        }
        #expect(
            errors?.problems.map(\.description) == [
                "keep: expected none, thumbnail, original, found 'everything'",
                "keepLimit: expected 0 to 1125899906842624 bytes, found '-1'",
            ])
    }

    @Test func latentsHaveAFormatALimitAndAPlace() async throws {
        #expect(Configuration().latents == .int8 && Configuration().cut == nil)
        let settings = try await read(
            environment: ["GRAFTD_LATENTS": "half", "GRAFTD_LATENT_LIMIT": "1000", "GRAFTD_CUT": "blocks.12"])
        #expect(settings.latents == .half && settings.latentLimit == 1000 && settings.cut == "blocks.12")
        #expect(try await read(environment: ["GRAFTD_LATENTS": "none"]).latents == nil)
        let errors = await #expect(throws: ConfigurationErrors.self) {
            try await read(environment: ["GRAFTD_LATENTS": "int4", "GRAFTD_LATENT_LIMIT": "-1"])
        }
        #expect(
            errors?.problems.map(\.description) == [
                "latents: expected none, int8, half, found 'int4'",
                "latentLimit: expected 0 to 1125899906842624 bytes, found '-1'",
            ])
    }

    @Test func whenToTrainIsSetAndChecked() async throws {
        let folder = try TemporaryFolder()
        let file = folder.file("graftd.yaml")
        try "trainAutomatically: off\ntrainAfterSamples: 7\n".write(to: file, atomically: true, encoding: .utf8)
        let settings = try await read(file: file.path, environment: ["GRAFTD_TRAIN_QUIET_SECONDS": "0"])
        #expect(!settings.trainAutomatically && settings.trainAfterSamples == 7 && settings.trainQuietSeconds == 0)
        #expect(try await read(environment: ["GRAFTD_TRAIN_AUTOMATICALLY": "true"]).trainAutomatically)
        let errors = await #expect(throws: ConfigurationErrors.self) {
            try await read(environment: [
                "GRAFTD_TRAIN_AUTOMATICALLY": "maybe", "GRAFTD_TRAIN_AFTER_SAMPLES": "0",
                "GRAFTD_TRAIN_QUIET_SECONDS": "-1", "GRAFTD_TRAIN_INTERVAL_SECONDS": "99999999",
                "GRAFTD_TRAIN_MINIMUM_BATTERY": "101", "GRAFTD_TRAIN_MAXIMUM_TEMPERATURE": "hot",
            ])
        }
        #expect(
            Set(errors?.problems.map(\.description) ?? []) == [
                "trainAutomatically: expected on or off, found 'maybe'",
                "trainAfterSamples: expected 1 to 1000000 samples, found '0'",
                "trainQuietSeconds: expected 0 to 86400 seconds, found '-1'",
                "trainIntervalSeconds: expected 0 to 31536000 seconds, found '99999999'",
                "trainMinimumBattery: expected 0 to 100 per cent, found '101'",
                "trainMaximumTemperature: expected a whole number, found 'hot'",
            ])
    }

    @Test func everyProblemIsReportedAtOnce() async throws {
        let environment = [
            "GRAFTD_THREADS": "0", "GRAFTD_QUEUE_LIMIT": "some", "GRAFTD_LOG_LEVEL": "loud",
            "GRAFTD_SOCKET": String(repeating: "s", count: 108),
        ]
        let errors = await #expect(throws: ConfigurationErrors.self) { try await read(environment: environment) }
        #expect(Set(errors?.problems.map(\.key) ?? []) == ["threads", "queueLimit", "logLevel", "socket"])
        #expect(errors?.problems.first { $0.key == "queueLimit" }?.value == "some")
    }

    @Test func anUnreadableFileIsNamed() async throws {
        let errors = await #expect(throws: ConfigurationErrors.self) { try await read(file: "/nowhere/graftd.yaml") }
        #expect(errors?.problems.first?.value == "/nowhere/graftd.yaml")
    }
}
