import GraftAPI
import GraftHTTP
import GraftService
import Logging
import NIOCore
import Synchronization
import TestSupport
import Testing

@Suite struct MetricsBridgeTests {
    /// Keeps the level and the text of what is logged.
    private final class Lines: Sendable {
        let kept = Mutex<[String]>([])

        struct Handler: LogHandler {
            let lines: Lines
            var logLevel = Logger.Level.info
            var metadata: Logger.Metadata = [:]

            subscript(metadataKey key: String) -> Logger.Metadata.Value? {
                get { metadata[key] }
                set { metadata[key] = newValue }
            }

            func log(event: LogEvent) { lines.kept.withLock { $0.append("\(event.level): \(event.message)") } }
        }
    }

    private func fails(_ bridge: MetricsBridge) async {
        await #expect(throws: MetricsBridge.NoMetrics.self) { _ = try await bridge.metrics() }
    }

    @Test func anOutageIsLoggedWhenItBeginsAndWhenItIsOver() async throws {
        let folder = try TemporaryFolder()
        var configuration = Configuration()
        configuration.state = folder.file("state").path
        let nobody = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let service = try await GraftService(configuration, trainer: "/bin/false", logger: nobody)
        let server = HTTPServer(
            service: service, connectionLimit: 8, reload: { Reloaded(applied: [], needsRestart: []) }, logger: nobody)

        let lines = Lines()
        let socket = folder.file("s").path
        let bridge = MetricsBridge(socket: socket, logger: Logger(label: "test") { _ in Lines.Handler(lines: lines) })
        for _ in 0..<3 { await fails(bridge) }
        #expect(lines.kept.withLock { $0.count } == 1)

        let (listening, began) = AsyncStream.makeStream(of: Void.self)
        let listener = try ListeningSocket(bind: socket)
        let run = server.service(on: listener) { began.finish() }
        let serving = Task { try await run.run() }
        for await _ in listening {}
        for _ in 0..<2 {
            let metrics = try await bridge.metrics()
            #expect(String(buffer: metrics).contains("graftd_samples"))
        }
        listener.removeFile()
        for _ in 0..<2 { await fails(bridge) }
        let found = lines.kept.withLock { $0 }
        #expect(found.count == 3)
        #expect(found.first?.hasPrefix("error: \(socket) gives no metrics: ") == true)
        #expect(found.dropFirst().first == "notice: \(socket) gives metrics again")
        #expect(found.last == found.first)
        serving.cancel()
        _ = await serving.result
        await service.stop()
    }
}
