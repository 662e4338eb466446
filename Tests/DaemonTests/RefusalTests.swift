import Foundation
import GraftAPI
import GraftClient
import Testing

extension DaemonTests {
    /// Bad input gets a clear 4xx, stores nothing, and leaves the daemon answering.
    @Suite(.enabled(if: Programs.weights != nil, Programs.weightsCondition))
    struct RefusalTests {
        /// A PNG signature and header that claim 24,900 × 25,000 pixels, as a file of Debian's openclipart-png does.
        private static let bomb: Data = {
            var header = Data("IHDR".utf8)
            for side in [UInt32(24_900), 25_000] { header += withUnsafeBytes(of: side.bigEndian) { Data($0) } }
            header += [8, 6, 0, 0, 0]
            let crc =
                header.reduce(UInt32.max) { crc, byte in
                    (0..<8).reduce(crc ^ UInt32(byte)) { crc, _ in crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
                } ^ .max
            return Data([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 13])
                + header + withUnsafeBytes(of: crc.bigEndian) { Data($0) }
                + Data([0, 1, 0, 0]) + Data("IDAT".utf8) + Data(repeating: 0, count: 64)
        }()

        @Test func badImagesAreNamedAndNothingIsStored() async throws {
            try await RunningDaemon.with { daemon in
                try await daemon.teach(perKind: 1)
                let good = TestImages.ppm(kind: "rings", seed: 3)
                let cases: [(name: String, bytes: Data, type: ImageMediaType, status: Int, says: String)] = [
                    ("empty", Data(), .ppm, 400, "no bytes"),
                    ("cut short", good.prefix(good.count / 2), .ppm, 400, ""),
                    ("mislabelled", good, .png, 415, "image/png"),
                    ("no image", Data("<html></html>".utf8), .jpeg, 415, ""),
                    ("a bomb", Self.bomb, .png, 413, "24900"),
                ]
                let before = try await daemon.client.status()
                for bad in cases {
                    await #expect(
                        "\(bad.name)",
                        performing: {
                            try await daemon.client.teach(bad.bytes, mediaType: bad.type, label: "x")
                        },
                        throws: { error in
                            guard case ClientError.problem(let problem) = error else { return false }
                            return problem.status == bad.status
                                && (bad.says.isEmpty || problem.detail.contains(bad.says))
                        })
                }
                let after = try await daemon.client.status()
                #expect(after.samples == before.samples)
                #expect(after.labels == before.labels)
                // A bomb of 622 million pixels would be gigabytes; refusing it by its header costs nothing.
                #expect(after.residentBytes < before.residentBytes + (32 << 20))
                #expect(try await daemon.client.classify(good, mediaType: .ppm).top.count > 0)
            }
        }

        @Test(arguments: ["", "  ", String(repeating: "x", count: 300), "a\nb"])
        func unusableLabelsAreRefused(label: String) async throws {
            try await RunningDaemon.with { daemon in
                await #expect(
                    performing: {
                        try await daemon.client.teach(
                            TestImages.ppm(kind: "rings", seed: 1), mediaType: .ppm, label: label)
                    },
                    throws: { error in
                        guard case ClientError.problem(let problem) = error else { return false }
                        return problem.status == 400
                    })
            }
        }

        @Test func aNegativeExampleWithALabelIsRefusedAndOneWithoutIsTaught() async throws {
            try await RunningDaemon.with { daemon in
                try await daemon.teach(perKind: 1)
                let image = daemon.folder.file("none.ppm")
                try TestImages.ppm(kind: "rings", seed: 50).write(to: image)
                for (query, says) in [
                    ("negative=true&label=cat", "exclude each other"), ("negative=perhaps", "'true' or 'false'"),
                    ("", "?negative=true"),
                ] {
                    let run = try ProgramRun(
                        URL(filePath: "/usr/bin/curl"),
                        [
                            "-s", "--unix-socket", daemon.socket, "-H", "Content-Type: image/x-portable-pixmap",
                            "--data-binary", "@\(image.path)", "http://localhost/v1/samples?\(query)",
                        ])
                    let problem = try APICoding.decoder().decode(Problem.self, from: Data(run.output.utf8))
                    #expect(problem.status == 400 && problem.detail.contains(says), "\(run.output)")
                }
                let taught = try ProgramRun(
                    Programs.graftctl, ["teach", "--negative", image.path, "--socket", daemon.socket])
                #expect(taught.status == 0, "\(taught.errors)")
                #expect(try await daemon.client.status().negatives == 1)
                let page = try await daemon.client.samples(negative: true)
                let sample = try #require(page.samples.first)
                #expect(sample.negative && sample.label == nil)
                _ = try await daemon.client.relabel(sample: sample.id, as: "rings")
                #expect(try await daemon.client.status().negatives == 0)
                let report = try ProgramRun(Programs.graftctl, ["report", "--socket", daemon.socket])
                #expect(report.status == 0 && report.output.contains("before learning"), "\(report.errors)")
            }
        }

        @Test func withoutLabelsClassifySaysWhatToDo() async throws {
            try await RunningDaemon.with { daemon in
                await #expect(
                    performing: {
                        try await daemon.client.classify(TestImages.ppm(kind: "rings", seed: 1), mediaType: .ppm)
                    }, throws: { ($0 as? ClientError)?.problemKind == .noLabels })
            }
        }

        @Test func tooFewSamplesToTrainIsAClearConflict() async throws {
            try await RunningDaemon.with { daemon in
                try await daemon.teach(perKind: 1)
                await #expect(
                    performing: {
                        try await daemon.client.train(TrainRequest(strategy: .head))
                    }, throws: { ($0 as? ClientError)?.problemKind == .tooFewSamples })
            }
        }
    }
}
