import Foundation
import GraftNetwork

/// What an administrator can set; every default is in place. ``settings`` is the same as a table to read, check and
/// document it from.
///
/// | key                       | type    | unit    | default                 | range                     |
/// | ------------------------- | ------- | ------- | ----------------------- | ------------------------- |
/// | `socket`                  | string  | path    | /run/graftd/graftd.sock | 1 to 107 bytes            |
/// | `state`                   | string  | folder  | /var/lib/graftd         |                           |
/// | `backbone`                | string  | name    | the newest in the state |                           |
/// | `threads`                 | integer | threads | one per processor       | 1 to 256                  |
/// | `queueLimit`              | integer | images  | 256                     | 1 to 65,536               |
/// | `bodyLimit`               | integer | bytes   | 64 MiB                  | 1 KiB to 1 GiB            |
/// | `pixelLimit`              | integer | pixels  | 50,000,000              | 1 to 2³¹ − 1              |
/// | `connectionLimit`         | integer |         | 1,100                   | 1 to 100,000              |
/// | `requestTimeoutSeconds`   | integer | s       | 20                      | 1 to 3,600                |
/// | `classifyGroup`           | string  | group   | graftd                  |                           |
/// | `teachGroup`              | string  | group   | graftd-teach            |                           |
/// | `adminGroup`              | string  | group   | graftd-admin            |                           |
/// | `keep`                    | string  |         | none                    | none, thumbnail, original |
/// | `keepLimit`               | integer | bytes   | 4 GiB                   | 0 to 1 PiB                |
/// | `latents`                 | string  |         | int8                    | none, int8, half          |
/// | `latentLimit`             | integer | bytes   | 2 GiB                   | 0 to 1 PiB                |
/// | `cut`                     | string  | block   | by the architecture     |                           |
/// | `trainAutomatically`      | switch  |         | on                      | on, off                   |
/// | `trainAfterSamples`       | integer | samples | 50                      | 1 to 1,000,000            |
/// | `trainQuietSeconds`       | integer | s       | 60                      | 0 to 86,400 (a day)       |
/// | `trainIntervalSeconds`    | integer | s       | 3,600                   | 0 to 31,536,000 (a year)  |
/// | `trainSilenceSeconds`     | integer | s       | 3,600                   | 0 (any) to 86,400         |
/// | `trainMinimumBattery`     | integer | %       | 30                      | 0 (any) to 100            |
/// | `trainMaximumTemperature` | integer | °C      | 80                      | 0 (any) to 150            |
/// | `systemFolder`            | string  | folder  | /sys                    |                           |
/// | `logLevel`                | string  |         | info                    | trace to error            |
package struct Configuration: Sendable, Equatable {
    /// The Unix socket that answers.
    package var socket = "/run/graftd/graftd.sock"
    /// The folder of everything that is kept.
    package var state = "/var/lib/graftd"
    /// The backbone that answers; nil for the newest file in the state.
    package var backbone: String?
    /// Threads that compute.
    package var threads = ProcessInfo.processInfo.activeProcessorCount
    /// Images that may wait for a thread before more are refused with 503.
    package var queueLimit = 256
    /// The largest request body, in bytes (a backbone's file may be as large as `backboneLimit`).
    package var bodyLimit = 64 << 20
    /// The most pixels an image may have, by its header.
    package var pixelLimit = 50_000_000
    /// Connections that may be open at once before more are refused with 503.
    package var connectionLimit = 1_100
    /// How long a request's head may take to come, and its body to go on coming.
    package var requestTimeoutSeconds = 20
    /// The group that may ask; what each may do is in `Role`.
    package var classifyGroup = "graftd"
    /// The group that may teach, too.
    package var teachGroup = "graftd-teach"
    /// The group that may do everything, as root and the daemon's own user may.
    package var adminGroup = "graftd-admin"
    /// What is kept of each taught image, for a backbone that comes later.
    package var keep = KeepPolicy.none
    /// The most bytes that kept images may take in all; beyond, samples are taught without their image.
    package var keepLimit = 4 << 30
    /// How the latent of each taught image is kept, which blocks above the cut are trained on; nil to keep none.
    package var latents: LatentFormat? = .int8
    /// The most bytes that latents may take in all; beyond, those that are missed least are evicted.
    package var latentLimit = 2 << 30
    /// The block, or the stage, before which latents are taken; nil for the first at the resolution of the last.
    package var cut: String?
    /// Whether the daemon starts a training job by itself once one is due; if not, only `train --if-due` does.
    package var trainAutomatically = true
    /// So many new samples make a training due; a relabelled or forgotten one does alone.
    package var trainAfterSamples = 50
    /// For so long nothing may have been taught or changed.
    package var trainQuietSeconds = 60
    /// So long after one training ended, the next one may start.
    package var trainIntervalSeconds = 3_600
    /// A trainer that reports nothing for so long is killed: it hangs, or was stopped.
    package var trainSilenceSeconds = 3_600
    /// Below this level of a battery that is being drained no training starts.
    package var trainMinimumBattery = 30
    /// Above this temperature, of the hottest zone, no training starts.
    package var trainMaximumTemperature = 80
    /// Where batteries and temperatures are looked up.
    package var systemFolder = "/sys"
    package var logLevel = "info"

    /// The largest backbone file, in bytes. VGG19 with its classifier is 575 MB.
    package static let backboneLimit = 4 << 30
    /// A Unix socket's path must fit `sockaddr_un`, with its closing zero byte.
    package static let socketPathLimit = 107
    package static let logLevels = ["trace", "debug", "info", "notice", "warning", "error"]

    package init() {}
}

/// One wrong setting.
package struct ConfigurationProblem: Error, Sendable, Equatable, CustomStringConvertible {
    package let key: String
    package let value: String
    package let expected: String

    package var description: String { "\(key): expected \(expected), found '\(value)'" }
}

/// Everything that is wrong with a configuration, at once.
package struct ConfigurationErrors: Error, Sendable, Equatable, CustomStringConvertible {
    package let problems: [ConfigurationProblem]

    package var description: String { problems.map(\.description).joined(separator: "\n") }
}
