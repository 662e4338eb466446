import Foundation

/// How a job trains.
package enum TrainingStrategy: String, NamedChoice {
    /// A new head on the features that are stored.
    case head
    /// The top blocks too, from stored latents.
    case top
    /// What validates best, in the order of cost.
    case auto
}

/// In which form a trained head sees features.
package enum HeadFeatures: String, NamedChoice {
    /// Their signed square roots: mostly better.
    case roots
    /// As the network gives them, so that the exported head is a plain linear layer.
    case plain
}

/// The body of `POST /v1/train`; everything may be left out.
package struct TrainRequest: Codable, Sendable, Equatable {
    package var strategy: TrainingStrategy?
    /// `roots` unless said.
    package var features: HeadFeatures?
    /// The same snapshot and seed give the same bytes.
    package var seed: UInt64?
    /// How to learn by gradient steps. Without one, `head` solves for the best head instead, and `top` does what the daemon
    /// finds best.
    package var recipe: TrainingRecipe?
    /// After how many seconds the job gives up.
    package var timeLimit: Double?
    /// Whether to start the job only if one is due.
    package var ifDue: Bool?

    package init(
        strategy: TrainingStrategy? = nil, features: HeadFeatures? = nil, seed: UInt64? = nil,
        recipe: TrainingRecipe? = nil, timeLimit: Double? = nil, ifDue: Bool? = nil
    ) {
        self.strategy = strategy
        self.features = features
        self.seed = seed
        self.recipe = recipe
        self.timeLimit = timeLimit
        self.ifDue = ifDue
    }
}

/// Where a training job stands.
package enum TrainJobState: String, Codable, Sendable {
    case running, published, rejected, failed, cancelled
}

/// The answer to `POST`, `GET` and `DELETE /v1/train`.
package struct TrainJob: Codable, Sendable, Equatable {
    package var id: String
    package var strategy: TrainingStrategy
    package var state: TrainJobState
    /// Done so far, in `0...1`.
    package var progress: Double
    /// What it does now, or how it ended, in words.
    package var message: String
    package var started: Date
    package var finished: Date?
    /// Wall time from start to end, or until now.
    package var seconds: Double
    /// The version that it made, whether published or rejected.
    package var version: Int?

    package init(
        id: String, strategy: TrainingStrategy, state: TrainJobState, progress: Double, message: String, started: Date,
        finished: Date?, seconds: Double, version: Int?
    ) {
        self.id = id
        self.strategy = strategy
        self.state = state
        self.progress = progress
        self.message = message
        self.started = started
        self.finished = finished
        self.seconds = seconds
        self.version = version
    }
}

/// Quality measured out of fold: every sample was judged by a head that had not seen its group.
package struct Quality: Codable, Sendable, Equatable {
    package var samples: Int
    package var accuracy: Double
    /// The mean over labels of the fraction of a label's samples that was found.
    package var balancedAccuracy: Double
    /// Mean negative log-probability of the true label, in nats.
    package var logLoss: Double
    /// Expected calibration error, in `0...1`.
    package var calibrationError: Double

    package init(
        samples: Int, accuracy: Double, balancedAccuracy: Double, logLoss: Double, calibrationError: Double
    ) {
        self.samples = samples
        self.accuracy = accuracy
        self.balancedAccuracy = balancedAccuracy
        self.logLoss = logLoss
        self.calibrationError = calibrationError
    }
}

/// Whether a version answers or may answer, was kept back, or was taken back.
package enum VersionState: String, Codable, Sendable {
    case published, rejected
    /// It answered, and newly taught samples showed that it was worse than the version before. It can be activated again.
    case rolledBack = "rolled_back"
}

/// One immutable version, as `GET /v1/versions` lists it.
package struct VersionRecord: Codable, Sendable, Equatable {
    package var version: Int
    package var parent: Int
    package var state: VersionState
    package var active: Bool
    /// It was trained on samples that have been forgotten or relabelled since.
    package var stale: Bool
    package var strategy: TrainingStrategy
    package var features: HeadFeatures
    /// The blocks that it trained, bottom first; none if only a head was.
    package var blocks: [String]
    /// `linear`, or `mlp` with a hidden layer.
    package var head: TrainingRecipe.Head
    /// What was tried, in words.
    package var notes: [String]
    package var seed: UInt64
    package var created: Date
    /// Labels its head answers.
    package var labels: [String]
    package var quality: Quality?
    /// The gate's words, or why it was rolled back.
    package var reason: String
    /// What was measured of each label; only of a version that is asked for alone.
    package var perLabel: [LabelSummary]?

    package init(
        version: Int, parent: Int, state: VersionState, active: Bool, stale: Bool, strategy: TrainingStrategy,
        features: HeadFeatures, blocks: [String], head: TrainingRecipe.Head, notes: [String], seed: UInt64,
        created: Date, labels: [String], quality: Quality?, reason: String, perLabel: [LabelSummary]? = nil
    ) {
        self.version = version
        self.parent = parent
        self.state = state
        self.active = active
        self.stale = stale
        self.strategy = strategy
        self.features = features
        self.blocks = blocks
        self.head = head
        self.notes = notes
        self.seed = seed
        self.created = created
        self.labels = labels
        self.quality = quality
        self.reason = reason
        self.perLabel = perLabel
    }
}

/// The answer to `GET /v1/versions`, newest first.
package struct VersionList: Codable, Sendable, Equatable {
    /// The version that answers; 0 where the analytic head answers alone. It can be activated too.
    package var active: Int
    package var versions: [VersionRecord]

    package init(active: Int, versions: [VersionRecord]) {
        self.active = active
        self.versions = versions
    }
}

/// The answer to `POST /v1/versions/{n}/activate`.
package struct Activated: Codable, Sendable, Equatable {
    package var model: ModelReference
    /// The version that answered before.
    package var previous: Int

    package init(model: ModelReference, previous: Int) {
        self.model = model
        self.previous = previous
    }
}
