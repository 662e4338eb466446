import Foundation
import GraftAPI
import GraftLearning

/// What the daemon asks of the trainer: one line of JSON on its standard input.
///
/// The input stays open as long as the daemon lives; its end tells the trainer that nobody waits for it any more.
package struct TrainerJob: Codable, Sendable, Equatable {
    package var state: String
    package var strategy: TrainingStrategy
    /// What the head is to be over.
    package var features: HeadFeatures
    package var seed: UInt64
    /// How to learn by gradient steps; nil where the best head is solved for, or the trainer chooses.
    package var recipe: TuningRecipe?
    /// Seconds; nil for the trainer's own.
    package var timeLimit: Double?
    /// The last change the job may learn from.
    package var snapshot: Int64
    /// The backbone whose features take part.
    package var fingerprint: String
    package var featureCount: Int
    /// The name of the block before which latents are taken; nil where none are kept.
    package var cut: String?
    /// The version that answers now; 0 for the analytic head alone.
    package var incumbent: Int64
    /// How the analytic head is calibrated now; nil where nothing was measured yet.
    package var incumbentCalibration: AnalyticHead.Calibration?
    /// Ids of the labels of that version's own head.
    package var incumbentLabels: [Int64]
    /// Where to write the candidate's head.
    package var output: String
}

/// One line of JSON on the trainer's standard output.
package enum TrainerMessage: Codable, Sendable {
    /// How much is done, in `0...1`, and what is being done.
    case progress(fraction: Double, message: String)
    case finished(TrainerResult)
    /// Why nothing came of it, for people.
    case failed(message: String)
}

/// What a finished job reports beside the file it wrote.
package struct TrainerResult: Codable, Sendable {
    /// SHA-256 of the candidate's file, in hexadecimal.
    package var digest: String
    /// The blocks that it trained, bottom first.
    package var blocks: [String]
    /// Whether its head has a hidden layer.
    package var hasHiddenLayer: Bool
    /// What was tried, and what came of it, for people.
    package var notes: [String]
    package var quality: Quality
    package var perLabel: [LabelQuality]
    /// What suits the analytic head beside the candidate.
    package var calibration: AnalyticHead.Calibration
    /// Whether the gate lets the candidate answer, and why.
    package var verdict: Gate.Verdict
    /// What the candidate said of every sample that it had not learned.
    package var outOfFold: [OutOfFoldAnswer]
}

/// Out-of-fold quality of one label.
package struct LabelQuality: Codable, Sendable, Equatable {
    package var label: Int64
    package var samples: Int
    package var precision: Double?
    package var recall: Double?
}

/// What a head that had not learned a sample's fold said of it.
package struct OutOfFoldAnswer: Codable, Sendable {
    package var sample: String
    package var label: Int64
    package var probability: Float
}
