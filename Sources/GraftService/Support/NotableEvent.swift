import Logging

/// What an administrator may want to find, or be told of; each with an identifier for ever, by which
/// `journalctl MESSAGE_ID=…` lists it. New ones come from `systemd-id128 new`.
package enum NotableEvent: String, Sendable, CaseIterable {
    case started
    case stopped
    case reloaded
    case reloadRefused = "reload-refused"
    case backboneLoaded = "backbone-loaded"
    case backboneUnusable = "backbone-unusable"
    case published
    case rejected
    case activated
    case rolledBack = "rolled-back"
    case trainingStarted = "training-started"
    case trainingFailed = "training-failed"

    package var messageID: String {
        switch self {
        case .started: "10529492a45d40e0a04be51a0b29f30b"
        case .stopped: "fa63dfa50d084fffb3236c93618a22d2"
        case .reloaded: "980f0cc188084f419faaa8cde4cbc79f"
        case .reloadRefused: "1a924d9188f54ee39d4c1274e884b21c"
        case .backboneLoaded: "861a8983e690409bbb6a7d615a25a873"
        case .backboneUnusable: "89c64bc771cb4d1ebd0050f517a1bd97"
        case .published: "96ded6ea88cd415494de16efef7e7136"
        case .rejected: "0de70b60617d432e95243a182bd7b012"
        case .activated: "8591f5cdb91f4b40997de67442943ee5"
        case .rolledBack: "bf8d7d81e18c420691549bc340c85a42"
        case .trainingStarted: "a8e30fe8725a4939a9cd9d109562c538"
        case .trainingFailed: "06ca5306fbdc4715819b3a12a068073f"
        }
    }
}

extension Dictionary where Key == String, Value == Logger.MetadataValue {
    /// `fields`, and the name of a notable event.
    package static func event(_ event: NotableEvent, _ fields: Self = [:]) -> Self {
        fields.merging(["event": "\(event.rawValue)"]) { $1 }
    }
}
