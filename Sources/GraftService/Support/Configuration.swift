import Foundation
import GraftNetwork

/// What an administrator can set; every default is in place.
///
/// | key          | type    | unit    | default                 | range                     |
/// | ------------ | ------- | ------- | ----------------------- | ------------------------- |
/// | `socket`     | string  | path    | /run/graftd/graftd.sock | 1 to 107 bytes            |
/// | `state`      | string  | folder  | /var/lib/graftd         |                           |
/// | `backbone`   | string  | name    | the newest in the state |                           |
/// | `threads`    | integer | threads | one per processor       | 1 to 256                  |
/// | `queueLimit` | integer | images  | 256                     | 1 to 65,536               |
/// | `bodyLimit`  | integer | bytes   | 64 MiB                  | 1 KiB to 1 GiB            |
/// | `pixelLimit` | integer | pixels  | 50,000,000              | 1 to 2³¹ − 1              |
/// | `keep`       | string  |         | none                    | none, thumbnail, original |
/// | `keepLimit`  | integer | bytes   | 4 GiB                   | 0 to 1 PiB                |
/// | `latents`    | string  |         | int8                    | none, int8, half          |
/// | `latentLimit`| integer | bytes   | 2 GiB                   | 0 to 1 PiB                |
/// | `cut`        | string  | block   | by the architecture     |                           |
/// | `logLevel`   | string  |         | info                    | trace to error            |
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
    package var logLevel = "info"

    /// The largest backbone file, in bytes. VGG19 with its classifier is 575 MB.
    package static let backboneLimit = 4 << 30
    /// A Unix socket's path must fit `sockaddr_un`, with its closing zero byte.
    package static let socketPathLimit = 107
    package static let logLevels = ["trace", "debug", "info", "notice", "warning", "error"]

    package init() {}

    /// Everything that is wrong with the values, each with its key, value and what would be right.
    package var problems: [ConfigurationProblem] {
        var problems: [ConfigurationProblem] = []
        func require(_ holds: Bool, _ key: String, _ value: some CustomStringConvertible, _ expected: String) {
            if !holds { problems.append(ConfigurationProblem(key: key, value: "\(value)", expected: expected)) }
        }
        require(
            (1...Self.socketPathLimit).contains(socket.utf8.count), "socket", socket,
            "a path of 1 to \(Self.socketPathLimit) bytes")
        require(!state.isEmpty, "state", state, "a folder")
        require((1...256).contains(threads), "threads", threads, "1 to 256")
        require((1...65_536).contains(queueLimit), "queueLimit", queueLimit, "1 to 65536 images")
        require((1 << 10...1 << 30).contains(bodyLimit), "bodyLimit", bodyLimit, "1024 to 1073741824 bytes")
        require((1...Int(Int32.max)).contains(pixelLimit), "pixelLimit", pixelLimit, "1 to 2147483647 pixels")
        require((0...1 << 50).contains(keepLimit), "keepLimit", keepLimit, "0 to 1125899906842624 bytes")
        require((0...1 << 50).contains(latentLimit), "latentLimit", latentLimit, "0 to 1125899906842624 bytes")
        require(
            Self.logLevels.contains(logLevel), "logLevel", logLevel, Self.logLevels.joined(separator: ", "))
        return problems
    }
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
