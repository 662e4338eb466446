import ArgumentParser
import CMalloc
import Foundation
import Glibc
import GraftHTTP
import GraftService
import GraftSystemd
import Logging
import ServiceLifecycle

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Serves until SIGTERM, then finishes the requests it has begun.",
        discussion: """
            Settings come from the configuration file, then GRAFTD_* variables, then these flags; a later one wins.

            Exit status:
              0   stopped as asked
              1   could not start, or failed
              64  the command line is not understood
              78  the settings are wrong

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
        // Until it can be heeded, an order to reload is no reason to end.
        signal(SIGHUP, SIG_IGN)
        let source = ConfigurationSource(
            file: config, environment: ProcessInfo.processInfo.environment,
            flags: ["socket": socket, "state": state].compactMapValues { $0 })
        let settings = try await read(source)
        DaemonLog.bootstrap(level: settings.logLevel)
        let logger = Logger(label: "graftd")
        do {
            try await serve(settings, source, logger)
        } catch {
            logger.critical("\(error)")
            ServiceManager().tell(.status("\(error)"))
            throw ExitCode.failure
        }
    }

    private func read(_ source: ConfigurationSource) async throws -> Configuration {
        do {
            return try await source.read()
        } catch {
            FileHandle.standardError.write(Data("graftd: \(error)\n".utf8))
            throw ExitCode(78)  // EX_CONFIG of sysexits.h, which systemd names in its log
        }
    }

    /// How many connections may be open: as the settings say, or as many as this process may hold.
    private func connectionLimit(_ settings: Configuration, _ logger: Logger) -> Int {
        let connections = ProcessLimits.openDescriptors(for: settings.connectionLimit)
        if connections < settings.connectionLimit {
            logger.warning(
                """
                connectionLimit is \(settings.connectionLimit), but only \(connections) fit the limit of open files; \
                raise it with LimitNOFILE= of the unit, or ulimit -n
                """)
        }
        return connections
    }

    private func serve(_ settings: Configuration, _ source: ConfigurationSource, _ logger: Logger) async throws {
        // What a solve needs goes back to the system when it is done. Left to itself, glibc keeps ever larger pieces: with
        // 1,000 labels of 1,280 features that was 60 MB more, and 40 MB more at the peak.
        mallopt(M_MMAP_THRESHOLD, 1 << 20)
        // What an image needs stays, for the next one: by default, or once the threshold above is set, every freed tensor
        // hands its pages back and every new one faults them in, for 6 % of a request's processor time.
        mallopt(M_TRIM_THRESHOLD, 8 << 20)
        // By default there are eight arenas for each processor, and each keeps what once was its most: memory crept up by 1 %
        // a minute under mixed use. With as many as threads compute it stays.
        mallopt(M_ARENA_MAX, Int32(max(2, settings.threads)))
        let manager = ServiceManager()
        // At once: whoever connects while the model is being loaded waits, and is answered.
        let socket = try listeningSocket(settings)
        defer { socket.removeFile() }
        let service = try await manager.withPatience(limit: .seconds(600), status: "loading") {
            let service = try await GraftService(settings, logger: logger)
            try await service.answerTestImage()
            return service
        }
        let reloader = Reloader(source: source, service: service, manager: manager, logger: logger)
        let server = HTTPServer(
            service: service, connectionLimit: connectionLimit(settings, logger),
            reload: { try await reloader.reload() }, logger: logger)
        let listener = server.service(on: socket) {
            manager.tell(.ready, .status(await StatusNotice.text(service)))
            logger.notice("listening on \(socket.path)", metadata: .event(.started))
        }
        let services: [any Service] = [
            listener, StopNotice(service: service, manager: manager), Hangups(reloader: reloader),
            StatusNotice(service: service, manager: manager), Watchdog(service: service, manager: manager),
        ]
        var quiet = logger
        quiet.logLevel = .warning
        try await ServiceGroup(
            configuration: .init(
                services: services.map { .init(service: $0) }, gracefulShutdownSignals: [.sigterm, .sigint],
                logger: quiet)
        ).run()
        await service.stop()
        logger.notice("stopped", metadata: .event(.stopped))
    }

    /// The socket that the service manager handed over, else one of our own.
    private func listeningSocket(_ settings: Configuration) throws -> ListeningSocket {
        guard let inherited = try Graftd.inheritedSockets.get().first else {
            return try ListeningSocket(bind: settings.socket)
        }
        return ListeningSocket(inherited: inherited.descriptor)
    }
}
