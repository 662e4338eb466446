import Foundation
import GraftAPI
import GraftService
import GraftStore
import Logging
import TestBackbones
import TestSupport

/// A service in this process with a state of its own, which can be stopped and started again.
final class RunningService {
    let folder: TemporaryFolder
    private(set) var service: GraftService
    private(set) var configuration: Configuration
    private let trainer: String
    private let log: RecordedLog?

    /// - Parameters:
    ///   - trainer: What is run as the trainer; by itself a service in a test bundle has none.
    ///   - log: What hears what is logged; nil for nobody.
    init(
        trainer: String = "/bin/false", log: RecordedLog? = nil, _ change: (inout Configuration) -> Void = { _ in }
    ) async throws {
        self.trainer = trainer
        self.log = log
        folder = try TemporaryFolder()
        var configuration = Configuration()
        configuration.state = folder.file("state").path
        // Only tests of the schedule let jobs start by themselves.
        configuration.trainAutomatically = false
        change(&configuration)
        self.configuration = configuration
        service = try await Self.start(configuration, trainer, log)
    }

    private static func start(_ configuration: Configuration, _ trainer: String, _ log: RecordedLog?) async throws
        -> GraftService
    {
        let nobody = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        return try await GraftService(configuration, trainer: trainer, logger: log?.logger ?? nobody)
    }

    /// Stops it and starts it again, with other settings where `change` makes them.
    func restart(_ change: (inout Configuration) -> Void = { _ in }) async throws {
        await service.stop()
        change(&configuration)
        service = try await Self.start(configuration, trainer, log)
    }

    /// The same, with something done to its store while it is stopped.
    func restart(meanwhile body: (Store) async throws -> Void) async throws {
        await service.stop()
        let store = try Store(folder: configuration.state, access: .writer)
        try await body(store)
        try store.close()
        service = try await Self.start(configuration, trainer, log)
    }

    /// Installs `architecture` with random weights that `seed` gives, under `name`.
    func install(_ architecture: String = "efficientnet_lite0", seed: UInt64, as name: String) async throws {
        let file = folder.file("backbone-\(seed).safetensors")
        _ = try TestBackbone.write(architecture, seed: seed, to: file.path)
        let upload = try service.beginBackbone(named: name)
        try upload.write(try Data(contentsOf: file))
        _ = try await service.install(upload)
    }

    @discardableResult func teach(
        _ image: EncodedImage, _ label: String, group: String? = nil, relabel: Bool = false
    ) async throws -> Taught {
        try await service.teach(image, Teaching(label: label, group: group, relabel: relabel)).taught
    }

    /// The status once nothing waits to be extracted again.
    func extracted() async throws -> Status {
        for _ in 0..<6_000 {
            let status = await service.status()
            if status.extraction?.waiting == 0 { return status }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw Unfinished()
    }

    struct Unfinished: Error {}
}

/// A picture of stripes whose direction and colour are those of `kind`, as raw pixels; every `seed` gives another one.
func picture(_ kind: Int, _ seed: UInt64, side: Int = 64) -> EncodedImage {
    var generator = SeededGenerator(seed: seed &* 31 &+ UInt64(kind))
    let phase = Int.random(in: 0..<16, using: &generator)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(side * side * 3)
    for y in 0..<side {
        for x in 0..<side {
            let level = ((x * (kind + 1) + y * (4 - kind)) * 64 / side + phase) % 16 < 8 ? 200 : 40
            for channel in 0..<3 {
                bytes.append(UInt8(level + (channel == kind % 3 ? 40 : 0) + Int.random(in: 0..<12, using: &generator)))
            }
        }
    }
    return EncodedImage(bytes: bytes, format: .rgb24(width: side, height: side))
}
