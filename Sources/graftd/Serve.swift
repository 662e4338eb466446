import ArgumentParser
import CMalloc
import Foundation
import Glibc
import GraftHTTP
import GraftService
import Logging
import ServiceLifecycle

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Serves until SIGTERM, then finishes the requests it has begun.",
        discussion: """
            Settings come from the configuration file, then GRAFTD_* variables, then these flags; a later one wins.

            Exit status: 0 stopped as asked; 1 could not start, or failed; 64 wrong usage; 78 wrong configuration.

            Examples:
              graftd --socket /tmp/graftd.sock --state ~/graftd
              GRAFTD_PIXEL_LIMIT=20000000 graftd --config /etc/graftd/graftd.yaml
            """)

    @Option(help: ArgumentHelp("The Unix socket that answers.", valueName: "path"))
    var socket: String?

    @Option(help: ArgumentHelp("The folder of everything that is kept.", valueName: "dir"))
    var state: String?

    @Option(help: ArgumentHelp("A YAML file of settings.", valueName: "file"))
    var config: String?

    func run() async throws {
        let settings = try await readConfiguration()
        LoggingSystem.bootstrap { StreamLogHandler.standardError(label: $0) }
        var logger = Logger(label: "graftd")
        logger.logLevel = Logger.Level(rawValue: settings.logLevel) ?? .info
        do {
            try await serve(settings, logger)
        } catch {
            logger.critical("\(error)")
            throw ExitCode.failure
        }
    }

    private func readConfiguration() async throws -> Configuration {
        var flags: [String: String] = [:]
        flags["socket"] = socket
        flags["state"] = state
        do {
            return try await .read(file: config, environment: ProcessInfo.processInfo.environment, flags: flags)
        } catch {
            FileHandle.standardError.write(Data("graftd: \(error)\n".utf8))
            throw ExitCode(78)  // EX_CONFIG of sysexits.h, which systemd names in its log
        }
    }

    /// The settings with as many connections as this process may hold open.
    private func withOpenDescriptors(_ settings: Configuration, _ logger: Logger) -> Configuration {
        let connections = ProcessLimits.openDescriptors(for: settings.connectionLimit)
        guard connections < settings.connectionLimit else { return settings }
        logger.warning(
            """
            connectionLimit is \(settings.connectionLimit), but only \(connections) fit the limit of open files; raise it \
            with LimitNOFILE= of the unit, or ulimit -n
            """)
        var settings = settings
        settings.connectionLimit = connections
        return settings
    }

    private func serve(_ settings: Configuration, _ logger: Logger) async throws {
        let settings = withOpenDescriptors(settings, logger)
        // What a solve needs goes back to the system when it is done. Left to itself, glibc keeps ever larger pieces: with
        // 1,000 labels of 1,280 features that was 60 MB more, and 40 MB more at the peak.
        mallopt(M_MMAP_THRESHOLD, 1 << 20)
        // At once: whoever connects while the model is being loaded waits, and is answered.
        let socket = try ListeningSocket(bind: settings.socket)
        defer { socket.removeFile() }
        let service = try await GraftService(settings, logger: logger)
        let server = HTTPServer(service: service, logger: logger).service(on: socket) {
            logger.notice("listening on \(socket.path)")
        }
        let group = ServiceGroup(
            configuration: .init(
                services: [.init(service: server), .init(service: StopNotice(service: service))],
                gracefulShutdownSignals: [.sigterm, .sigint], logger: logger.atLeast(.warning)))
        try await group.run()
        await service.stop()
        logger.notice("stopped")
    }
}

/// Tells the service at once that it is to stop, so that streams end and connections can drain.
private struct StopNotice: Service {
    let service: GraftService

    func run() async throws {
        try? await gracefulShutdown()
        service.beginStopping()
    }
}

extension Logger {
    fileprivate func atLeast(_ level: Level) -> Logger {
        var logger = self
        logger.logLevel = max(logLevel, level)
        return logger
    }
}
