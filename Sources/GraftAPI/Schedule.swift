import Foundation

/// Whether the daemon would train by itself now, and why or why not: a part of `GET /v1/status`.
package struct TrainingSchedule: Codable, Sendable, Equatable {
    /// Whether the daemon starts a job by itself once one is due; if not, `POST /v1/train {"if_due": true}` does.
    package var automatic: Bool
    package var due: Bool
    /// What there is to learn; empty where nothing is.
    package var reasons: [String]
    /// What training waits for.
    package var blockedBy: [String]
    /// When a job will be due, where it waits for nothing but time.
    package var next: Date?
    /// Samples that were taught since the last training's snapshot.
    package var newSamples: Int
    /// Samples that were relabelled or forgotten since.
    package var corrections: Int

    package init(
        automatic: Bool, due: Bool, reasons: [String], blockedBy: [String], next: Date?, newSamples: Int,
        corrections: Int
    ) {
        self.automatic = automatic
        self.due = due
        self.reasons = reasons
        self.blockedBy = blockedBy
        self.next = next
        self.newSamples = newSamples
        self.corrections = corrections
    }
}

/// The answer to `POST /v1/train` with `if_due`.
package struct TrainIfDue: Codable, Sendable, Equatable {
    /// What was decided from.
    package var schedule: TrainingSchedule
    /// The job that was started; nil where none was due.
    package var job: TrainJob?

    package init(schedule: TrainingSchedule, job: TrainJob?) {
        self.schedule = schedule
        self.job = job
    }
}

/// The version that answered before the last swap, while newly taught samples may still bring it back: a part of
/// `GET /v1/status`.
package struct ShadowRecord: Codable, Sendable, Equatable {
    package var version: Int
    /// Taught samples that both versions were asked about.
    package var samples: Int
    /// How many there have to be before the two are compared.
    package var needed: Int

    package init(version: Int, samples: Int, needed: Int) {
        self.version = version
        self.samples = samples
        self.needed = needed
    }
}
