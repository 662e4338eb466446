import Foundation
import GraftAPI
import GraftService
import GraftSystemd
import ServiceLifecycle
import UnixSignals

/// Tells the service manager that images are being answered; it ends and restarts a daemon that it does not hear from.
///
/// Only an inference that came to its end counts. Where clients ask for none, the daemon asks itself: an inference that hangs
/// leaves this silent.
struct Watchdog: Service {
    let service: GraftService
    let manager: ServiceManager

    func run() async throws {
        guard let interval = manager.watchdogInterval else { return try await gracefulShutdown() }
        var seen = service.inferences
        while !Task.isShuttingDownGracefully {
            try? await cancelWhenGracefulShutdown { try await Task.sleep(for: interval / 4) }
            if service.inferences == seen {
                // A queue that is full of requests refuses it, and says nothing of whether they get on.
                guard (try? await service.answerTestImage()) != nil else { continue }
            }
            seen = service.inferences
            manager.tell(.watchdog)
        }
    }
}

/// Keeps `systemctl status` up to date: version, labels and accuracy, or what to do.
struct StatusNotice: Service {
    let service: GraftService
    let manager: ServiceManager

    /// How often it looks for changes; asking costs nothing where there are none.
    private static let pause = Duration.seconds(2)

    func run() async throws {
        guard manager.isThere else { return try await gracefulShutdown() }
        var last = ""
        var seen: (ModelReference, TrainJob?, Bool)?
        while !Task.isShuttingDownGracefully {
            let now = (service.reference, try? await service.trainingJob(), service.isReady)
            if seen == nil || seen! != now {
                let text = await Self.text(service)
                if text != last { manager.tell(.status(text)) }
                (last, seen) = (text, now)
            }
            try? await cancelWhenGracefulShutdown { try await Task.sleep(for: Self.pause) }
        }
    }

    /// One line about what answers.
    static func text(_ service: GraftService) async -> String {
        let status = await service.status()
        guard status.phase == .serving else { return status.summary }
        var text = "version \(status.model.version), \(status.labels) labels from \(status.samples) samples"
        let version = status.model.version
        let measured = version == 0 ? nil : (try? await service.version(version))?.quality?.accuracy
        if let accuracy = measured ?? status.prequentialAccuracy {
            text += ", accuracy \(String(format: "%.3f", accuracy))"
        }
        if let job = status.training, job.state == .running { text += "; training, \(Int(job.progress * 100)) %" }
        return text
    }
}

/// Tells the service, and its manager, at once that it is to stop, so that streams end and connections can drain.
struct StopNotice: Service {
    let service: GraftService
    let manager: ServiceManager

    func run() async throws {
        try? await gracefulShutdown()
        manager.tell(.stopping, .status("finishing the requests that have begun"))
        service.beginStopping()
    }
}

/// Reads the configuration again on SIGHUP; what is wrong with it is logged.
struct Hangups: Service {
    let reloader: Reloader

    func run() async throws {
        for await _ in await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown() {
            _ = try? await reloader.reload()
        }
    }
}

extension ServiceManager {
    /// What `work` returns; as long as it lasts, and at most for `limit`, the manager is asked for patience.
    func withPatience<R: Sendable>(
        limit: Duration, status: String, _ work: () async throws -> R
    ) async throws -> R {
        let end = ContinuousClock.now + limit
        let asking = Task {
            while !Task.isCancelled, ContinuousClock.now < end {
                tell(.extendTimeout(.seconds(30)), .status(status))
                try? await Task.sleep(for: .seconds(10))
            }
        }
        defer { asking.cancel() }
        return try await work()
    }
}
