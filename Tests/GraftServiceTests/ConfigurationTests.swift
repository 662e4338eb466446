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

    @Test func whatIsMisspeltInTheFileIsNamedWithItsLine() async throws {
        let folder = try TemporaryFolder()
        let file = folder.file("graftd.yaml")
        try """
        # A comment.
        pixelLimit: 1000
        pixel_limt: 2000
        colour: blue
        threads: [1, 2]
        logLevel: loud
        """.write(to: file, atomically: true, encoding: .utf8)
        let errors = await #expect(throws: ConfigurationErrors.self) { try await read(file: file.path) }
        #expect(
            errors?.problems.map(\.description) == [
                "pixel_limt (line 3): expected one of the keys of graftd.yaml(5), perhaps pixelLimit, found '2000'",
                "colour (line 4): expected one of the keys of graftd.yaml(5), found 'blue'",
                "threads (line 5): expected one value, found 'a list or mapping'",
                "logLevel: expected trace, debug, info, notice, warning, error, found 'loud'",
            ])
        for (text, isRight) in [("", true), ("# nothing\n", true), ("just words\n", false), ("a: b: c\n", false)] {
            try text.write(to: file, atomically: true, encoding: .utf8)
            let settings = try? await read(file: file.path)
            #expect((settings == Configuration()) == isRight, "\(text)")
        }
    }

    /// Every stored property has its setting, and every setting changes one: what is read is what is documented.
    @Test func theTableHasEverySetting() async throws {
        let properties = Mirror(reflecting: Configuration()).children.compactMap(\.label)
        #expect(Configuration.settings.map(\.key).sorted() == properties.sorted())
        let values = ["Limit": "12345", "Seconds": "77", "Group": "wheel", "train": "55"]
        for setting in Configuration.settings {
            let value =
                switch setting.key {
                case "threads": "3"
                case "keep": "original"
                case "latents": "half"
                case "trainAutomatically": "off"
                case "logLevel": "error"
                case let key: values.first { key.hasSuffix($0.key) }?.value ?? (key.hasPrefix("train") ? "55" : "/else")
                }
            let changed = try await read(environment: [setting.variable: value])
            #expect(changed.values[setting.key] == value, "\(setting.key)")
            #expect(changed.values.filter { $0.value != Configuration().values[$0.key] }.map(\.key) == [setting.key])
        }
    }

    @Test func theReadmeListsEverySetting() throws {
        let readme = try String(
            contentsOf: Fixture.root.deletingLastPathComponent().deletingLastPathComponent()
                .appending(path: "README.md"), encoding: .utf8)
        for setting in Configuration.settings { #expect(readme.contains("| `\(setting.key)` | "), "\(setting.key)") }
    }
}
