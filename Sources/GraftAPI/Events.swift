/// What `GET /v1/events` sends, as server-sent events: the case's name is the event's, the value its JSON data.
package enum ServiceEvent: Sendable, Equatable {
    case sample(Taught)
    case train(TrainJob)
    case published(ModelReference)
    case rejected(VersionRejected)
    case activated(Activated)
    case rolledBack(RolledBack)
    case extraction(ExtractionProgress)

    package var name: String {
        switch self {
        case .sample: "sample"
        case .train: "train"
        case .published: "published"
        case .rejected: "rejected"
        case .activated: "activated"
        case .rolledBack: "rolled_back"
        case .extraction: "extraction"
        }
    }
}

/// A candidate that the gate kept back.
package struct VersionRejected: Codable, Sendable, Equatable {
    package var version: Int
    package var reason: String

    package init(version: Int, reason: String) {
        self.version = version
        self.reason = reason
    }
}

/// A version that was found worse in use than the one before, which answers again.
package struct RolledBack: Codable, Sendable, Equatable {
    /// What answers now.
    package var model: ModelReference
    /// The version that was taken back.
    package var previous: Int
    package var reason: String

    package init(model: ModelReference, previous: Int, reason: String) {
        self.model = model
        self.previous = previous
        self.reason = reason
    }
}
