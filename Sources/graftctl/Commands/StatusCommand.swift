import ArgumentParser
import Foundation
import GraftAPI
import GraftClient

struct StatusCommand: DaemonCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show what the daemon knows and does.",
        discussion: """
            Examples:
              graftctl status
              graftctl status --json | jq .samples
            """)

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: JSONOption

    func run(_ client: GraftClient) async throws {
        let status = try await client.status()
        if output.json { return try Terminal.print(json: status) }

        let colour: Terminal.Style = status.phase == .serving ? .green : .yellow
        print(Terminal.styled(status.summary.printable, colour))
        for (name, value) in Self.lines(of: status) {
            let title = (name + ":").padding(toLength: 15, withPad: " ", startingAt: 0)
            print("\(Terminal.styled(title, .dim))\(value.printable)")
        }
    }

    private static func lines(of status: Status) -> [(name: String, value: String)] {
        var lines: [(String, String)] = []
        let uptime = Duration.seconds(status.uptimeSeconds).clock
        lines.append(("daemon", "graftd \(status.program), process \(status.pid), up \(uptime)"))
        if let backbone = status.backbone {
            lines.append(
                ("backbone", "\(backbone.name) (\(backbone.architecture), \(backbone.featureCount) features)"))
        } else {
            lines.append(("backbone", "none; run graftctl backbone import FILE"))
        }
        lines.append(("model", "version \(status.model.version), revision \(status.model.revision)"))
        lines.append(
            (
                "knows",
                "\(Words.count(status.samples, "sample")) of \(Words.count(status.labels, "label"))"
                    + (status.negatives > 0 ? ", \(Words.count(status.negatives, "example")) of none" : "")
                    + (status.learnedSamples < status.samples
                        ? "; \(status.learnedSamples) take part in answers, the latents of the others are gone" : "")
            ))
        if let words = status.extractionWords { lines.append(("earlier", words)) }
        if let words = status.kept?.words { lines.append(("images", words)) }
        if let words = status.latents?.words { lines.append(("latents", words)) }
        if let accuracy = status.prequentialAccuracy {
            lines.append(("accuracy", "\(Words.percent(accuracy)) of the last taught images, before they were learned"))
        }
        if let job = status.training {
            lines.append(
                ("training", "\(job.state.rawValue), \(Words.percent(job.progress, digits: 0)): \(job.message)"))
        }
        if let schedule = status.schedule {
            lines.append(("next training", schedule.words + (schedule.automatic ? "" : " (on request only)")))
        }
        if let shadow = status.shadow { lines.append(("shadow", shadow.words)) }
        lines.append(("memory", "\(Words.bytes(status.residentBytes)), store \(Words.bytes(status.storeBytes))"))
        lines.append(("compute", "\(Words.count(status.threads, "thread")), \(status.queued) waiting"))
        let times = [
            ("decode", status.decodeMilliseconds), ("network", status.inferenceMilliseconds),
            ("refit", status.refitMilliseconds),
        ].compactMap { name, value in value.map { "\(name) \(Words.milliseconds($0))" } }
        if !times.isEmpty { lines.append(("medians", times.joined(separator: ", "))) }
        return lines
    }
}
