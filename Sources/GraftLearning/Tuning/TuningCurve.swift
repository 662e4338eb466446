/// What one epoch of a tuning came to.
package struct TuningEpoch: Codable, Sendable, Equatable {
    /// The mean of the steps' losses.
    package var loss: Double
    /// On held-out samples, after the epoch; nil where none are.
    package var validation: Validation?

    package struct Validation: Codable, Sendable, Equatable {
        /// Without label smoothing.
        package var loss: Double
        package var accuracy: Double
        /// The mean over labels of the part of their samples that is answered rightly.
        package var balancedAccuracy: Double

        package init(loss: Double, accuracy: Double, balancedAccuracy: Double) {
            (self.loss, self.accuracy, self.balancedAccuracy) = (loss, accuracy, balancedAccuracy)
        }
    }

    package init(loss: Double, validation: Validation? = nil) {
        (self.loss, self.validation) = (loss, validation)
    }
}

/// How far a tuning is, after a step.
package struct TuningProgress: Sendable {
    /// The epoch that the step belongs to, from 1.
    package var epoch: Int
    package var epochs: Int
    /// The step, from 1, of all epochs together.
    package var step: Int
    /// Of all epochs together; an early end leaves some out.
    package var steps: Int
    /// Of the step's batch.
    package var loss: Double
    /// What the epoch came to, if this was its last step.
    package var finished: TuningEpoch?

    /// The part of the steps that is done.
    package var fraction: Double { Double(step) / Double(steps) }
}
