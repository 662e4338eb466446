import Foundation

/// The answer to `GET /v1/report`: how good the answers are, by samples that had not been learned.
package struct Report: Codable, Sendable, Equatable {
    package var model: ModelReference
    /// Samples with a label.
    package var samples: Int
    /// Examples of none of the labels; nothing below counts them.
    package var negatives: Int
    /// What was said of the last taught samples before they were learned; absent before the first.
    package var prequential: PrequentialReport?
    /// What the active version's training said of samples that it had held out; absent for version 0.
    package var heldOut: HeldOutReport?
    /// Every version that was measured, oldest first.
    package var versions: [VersionQuality]

    package init(
        model: ModelReference, samples: Int, negatives: Int, prequential: PrequentialReport?, heldOut: HeldOutReport?,
        versions: [VersionQuality]
    ) {
        self.model = model
        self.samples = samples
        self.negatives = negatives
        self.prequential = prequential
        self.heldOut = heldOut
        self.versions = versions
    }
}

/// What was right, label by label.
package struct AnswerCounts: Codable, Sendable, Equatable {
    package var samples: Int
    package var accuracy: Double
    /// The mean recall of the labels that have samples.
    package var balancedAccuracy: Double
    /// Expected calibration error over 15 bins, in `0...1`.
    package var calibrationError: Double
    /// By name.
    package var labels: [LabelReport]
    /// The confusion matrix without its zeros, by label and answer.
    package var confusion: [ConfusionCount]

    package init(
        samples: Int, accuracy: Double, balancedAccuracy: Double, calibrationError: Double, labels: [LabelReport],
        confusion: [ConfusionCount]
    ) {
        self.samples = samples
        self.accuracy = accuracy
        self.balancedAccuracy = balancedAccuracy
        self.calibrationError = calibrationError
        self.labels = labels
        self.confusion = confusion
    }
}

/// One label's part of ``AnswerCounts``.
package struct LabelReport: Codable, Sendable, Equatable {
    package var label: String
    /// Samples of this label.
    package var samples: Int
    /// Samples that were said to be of this label.
    package var answered: Int
    /// Samples of this label that were said to be so.
    package var found: Int
    /// The share of its samples that was found; absent without samples.
    package var recall: Double?
    /// The share of what was said to be of it that is; absent where nothing was.
    package var precision: Double?

    package init(label: String, samples: Int, answered: Int, found: Int) {
        self.label = label
        self.samples = samples
        self.answered = answered
        self.found = found
        recall = samples > 0 ? Double(found) / Double(samples) : nil
        precision = answered > 0 ? Double(found) / Double(answered) : nil
    }
}

/// How many samples of a label got an answer.
package struct ConfusionCount: Codable, Sendable, Equatable {
    package var label: String
    package var answered: String
    package var samples: Int

    package init(label: String, answered: String, samples: Int) {
        self.label = label
        self.answered = answered
        self.samples = samples
    }
}

/// Over the last taught samples, each as it was answered before it was learned.
package struct PrequentialReport: Codable, Sendable, Equatable {
    /// How many samples were asked for.
    package var window: Int
    package var counts: AnswerCounts
    /// The accuracy of parts of the window of about equal size, oldest first.
    package var series: [Double]

    package init(window: Int, counts: AnswerCounts, series: [Double]) {
        self.window = window
        self.counts = counts
        self.series = series
    }
}

/// Over the samples that a version was trained on, each as it was answered by a model that had not learned its fold; those
/// that were forgotten since are left out, and labels are those of now.
package struct HeldOutReport: Codable, Sendable, Equatable {
    package var version: Int
    package var counts: AnswerCounts
    /// Mean negative log-probability of the true label, in nats, as the training measured it.
    package var logLoss: Double?

    package init(version: Int, counts: AnswerCounts, logLoss: Double?) {
        self.version = version
        self.counts = counts
        self.logLoss = logLoss
    }
}

/// What a version's training measured.
package struct VersionQuality: Codable, Sendable, Equatable {
    package var version: Int
    package var state: VersionState
    package var active: Bool
    package var created: Date
    package var quality: Quality

    package init(version: Int, state: VersionState, active: Bool, created: Date, quality: Quality) {
        self.version = version
        self.state = state
        self.active = active
        self.created = created
        self.quality = quality
    }
}
