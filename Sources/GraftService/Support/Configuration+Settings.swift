import GraftAPI
import GraftNetwork

extension Configuration {
    /// Every setting: what is read, checked and documented is this table.
    package static let settings: [Setting] = [
        .text(
            "socket", \.socket, expected: "a path of 1 to \(socketPathLimit) bytes", live: false,
            "The Unix socket that answers."
        ) {
            (1...socketPathLimit).contains($0.utf8.count)
        },
        .text("state", \.state, expected: "a folder", live: false, "The folder of everything that is kept."),
        .optional(
            "backbone", \.backbone, expected: "a name", fallback: "the newest in the state", live: false,
            "The backbone that answers; graftctl backbone list shows their names."),
        .number(
            "threads", \.threads, 1...256, "threads", fallback: "one per processor", live: false,
            "How many threads compute."),
        .number(
            "queueLimit", \.queueLimit, 1...65_536, "images",
            "How many images may wait for a thread before more are refused with 503."),
        .number(
            "bodyLimit", \.bodyLimit, 1 << 10...1 << 30, "bytes",
            "The largest body of a request. A backbone's file may be larger."),
        .number(
            "pixelLimit", \.pixelLimit, 1...Int(Int32.max), "pixels", "The most pixels of an image, by its header."),
        .number(
            "connectionLimit", \.connectionLimit, 1...100_000, "connections", live: false,
            "How many connections may be open at once before more are refused with 503."),
        .number(
            "requestTimeoutSeconds", \.requestTimeoutSeconds, 1...3_600, "seconds",
            "How long a request's head may take to come, and its body to go on coming."),
        .text(
            "classifyGroup", \.classifyGroup, expected: "the name of a group", live: false,
            "The group of users that may ask."),
        .text(
            "teachGroup", \.teachGroup, expected: "the name of a group", live: false,
            "The group of users that may teach, too."),
        .text(
            "adminGroup", \.adminGroup, expected: "the name of a group", live: false,
            "The group of users that may do everything, as root and the daemon's own user may."),
        .choice(
            "keep", \.keep, KeepPolicy.allCases.map(\.rawValue), read: { KeepPolicy(rawValue: $0) ?? .none },
            name: \.rawValue,
            "What is kept of each taught image, so that a backbone that comes later can look at it: nothing, a small "
                + "square, or the bytes that were sent."),
        .number(
            "keepLimit", \.keepLimit, 0...1 << 50, "bytes",
            "The most bytes of all kept images. Beyond, samples are taught without theirs."),
        .choice(
            "latents", \.latents, ["none"] + LatentFormat.allCases.map(\.rawValue),
            read: { LatentFormat(rawValue: $0) },
            name: { $0?.rawValue ?? "none" }, live: false,
            "How the latents of taught images are kept, which blocks above the cut are trained on: not at all, in a "
                + "byte for each element, or in two."),
        .number(
            "latentLimit", \.latentLimit, 0...1 << 50, "bytes",
            "The most bytes of all latents. Beyond, those that are missed least are evicted: of the largest labels, "
                + "near-duplicates first."),
        .optional(
            "cut", \.cut, expected: "a block or stage", fallback: "by the architecture", live: false,
            "The block, or stage, before which latents are taken; graftctl backbone blocks lists them."),
        .toggle(
            "trainAutomatically", \.trainAutomatically,
            "Whether the daemon trains by itself once that is due. If not, only graftctl train does."),
        .number(
            "trainAfterSamples", \.trainAfterSamples, 1...1_000_000, "samples",
            "So many new samples make a training due; a relabelled or forgotten one does alone."),
        .number(
            "trainQuietSeconds", \.trainQuietSeconds, 0...86_400, "seconds",
            "For so long nothing may have been taught or changed before a training starts by itself."),
        .number(
            "trainIntervalSeconds", \.trainIntervalSeconds, 0...31_536_000, "seconds",
            "So long after one training ended, the next one may start by itself."),
        .number(
            "trainSilenceSeconds", \.trainSilenceSeconds, 0...86_400, "seconds",
            "A trainer that says nothing for so long is ended, and its job has failed; 0 to wait for ever."),
        .number(
            "trainMinimumBattery", \.trainMinimumBattery, 0...100, "per cent",
            "Below this level of a battery that is being drained no training starts by itself; 0 for any."),
        .number(
            "trainMaximumTemperature", \.trainMaximumTemperature, 0...150, "degrees Celsius",
            "Above this temperature, of the hottest zone, no training starts by itself; 0 for any."),
        .text("systemFolder", \.systemFolder, expected: "a folder", "Where batteries and temperatures are looked up."),
        .text(
            "logLevel", \.logLevel, expected: logLevels.joined(separator: ", "),
            "The least important messages that are logged."
        ) { logLevels.contains($0) },
    ]

    /// Everything that is wrong with the values, each with its key, value and what would be right.
    package var problems: [ConfigurationProblem] { Self.settings.compactMap { $0.problem(in: self) } }

    /// Takes over from `next` what can change while the daemon runs; says what that was, and what waits for a restart.
    package mutating func takeOver(_ next: Configuration) -> Reloaded {
        var reloaded = Reloaded(applied: [], needsRestart: [])
        for setting in Self.settings {
            let change = SettingChange(
                key: setting.key, from: setting.text(self) ?? "unset", to: setting.text(next) ?? "unset")
            guard change.from != change.to else { continue }
            if setting.isLive {
                setting.copy(next, &self)
                reloaded.applied.append(change)
            } else {
                reloaded.needsRestart.append(change)
            }
        }
        return reloaded
    }

    /// The value of each setting, by key, as it would be written; what is not set and has no value of its own is left out.
    package var values: [String: String] {
        Self.settings.reduce(into: [:]) { $0[$1.key] = $1.text(self) }
    }
}
