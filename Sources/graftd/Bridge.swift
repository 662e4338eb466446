import ArgumentParser
import GraftHTTP
import GraftSystemd
import Logging
import ServiceLifecycle

/// The bridge that Prometheus asks; graftd-metrics.socket starts it.
struct Bridge: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "metrics-bridge",
        abstract: "Answers GET /metrics, and only that, on a socket of systemd's.",
        discussion: """
            Example, on a machine with the units installed:
              systemctl enable --now graftd-metrics.socket
              curl http://127.0.0.1:9787/metrics
            """)

    @Option(help: ArgumentHelp("The daemon's socket.", valueName: "path"))
    var socket = "/run/graftd/graftd.sock"

    func run() async throws {
        DaemonLog.bootstrap(level: "info")
        let logger = Logger(label: "graftd-metrics")
        do {
            guard let inherited = try Graftd.inheritedSockets.get().first else {
                throw ValidationError("no socket was inherited: start this with graftd-metrics.socket")
            }
            let bridge = MetricsBridge(socket: socket, logger: logger)
            var quiet = logger
            quiet.logLevel = .warning
            try await ServiceGroup(
                services: [bridge.service(on: ListeningSocket(inherited: inherited.descriptor))],
                gracefulShutdownSignals: [.sigterm, .sigint], logger: quiet
            ).run()
        } catch let error as ValidationError {
            throw error
        } catch {
            logger.critical("\(error)")
            throw ExitCode.failure
        }
    }
}
