import GraftAPI
import GraftService
import GraftSystemd
import Logging

/// Reads the configuration again while requests go on, one order after another.
actor Reloader {
    private let source: ConfigurationSource
    private let service: GraftService
    private let manager: ServiceManager
    private let logger: Logger
    private var last: Task<Result<Reloaded, Problem>, Never>?

    init(source: ConfigurationSource, service: GraftService, manager: ServiceManager, logger: Logger) {
        self.source = source
        self.service = service
        self.manager = manager
        self.logger = logger
    }

    /// Lets hold what changed, and says what waits for a restart.
    ///
    /// - Throws: `Problem` of kind `bad-configuration` with everything that is wrong; the old settings hold then.
    func reload() async throws(Problem) -> Reloaded {
        let before = last
        let task = Task {
            _ = await before?.value
            return await readAndApply()
        }
        last = task
        return try await task.value.get()
    }

    private func readAndApply() async -> Result<Reloaded, Problem> {
        manager.tell(.reloading)
        defer { manager.tell(.ready) }
        do {
            let settings = try await source.read()
            let reloaded = await service.apply(settings)
            DaemonLog.setLevel(settings.logLevel)
            for change in reloaded.applied {
                logger.notice(
                    "\(change.key) is \(change.to) now, no longer \(change.from)", metadata: .event(.reloaded))
            }
            if reloaded.applied.isEmpty {
                logger.notice("configuration read again: nothing to change at once", metadata: .event(.reloaded))
            }
            for change in reloaded.needsRestart {
                logger.warning(
                    "\(change.key) stays \(change.from) until the next start, which makes it \(change.to)",
                    metadata: .event(.reloaded))
            }
            return .success(reloaded)
        } catch {
            let problem = Problem(
                .badConfiguration,
                detail: "the settings stay as they are: "
                    + error.problems.map(\.description).joined(separator: "; "))
            logger.error("configuration refused: \(problem.detail)", metadata: .event(.reloadRefused))
            return .failure(problem)
        }
    }
}
