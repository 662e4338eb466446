import Foundation

/// The head that is always there: a linear discriminant with one shrunk covariance for all labels and no preference among
/// them, solved in closed form from the exact statistics of every sample.
///
/// `zₗ = (x − m) · A⁻¹ · (μₗ − m) − ½ (μₗ − m)ᵀ · A⁻¹ · (μₗ − m)`, with μₗ the labels' means, m the mean of all samples and A
/// from ``WithinCovariance``. One sample of one label is enough (Hastie, Tibshirani, Friedman: The Elements of Statistical
/// Learning, 4.3; Friedman 1989 for the shrinkage).
package struct AnalyticHead: Sendable, Equatable {
    /// How much to shrink, and how sure to be.
    package struct Calibration: Codable, Sendable, Equatable {
        /// The weight of the scaled identity in the covariance, above 0 and at most 1.
        package var shrinkage: Double
        /// What logits are divided by before softmax.
        package var temperature: Double

        package init(shrinkage: Double, temperature: Double) {
            self.shrinkage = shrinkage
            self.temperature = temperature
        }

        /// A guess for what no training has measured.
        ///
        /// More samples tell more of the covariance; and the fewer samples a label has, the more of a distance to its
        /// mean is chance. Both curves follow what was best on held-out clip art, 1 to 60 samples in each of 3 to 25
        /// labels (temperature: within a factor of 2).
        package static func guess(sampleCount: Int, labelCount: Int, featureCount: Int) -> Calibration {
            let (samples, features) = (Double(max(sampleCount, 1)), Double(max(featureCount, 1)))
            let perLabel = samples / Double(max(labelCount, 1))
            return Calibration(
                shrinkage: 0.9 * features / (features + samples / 2),
                temperature: max(1, features * (0.006 + 0.55 / pow(perLabel, 1.5))))
        }

        static func guess(_ statistics: LabelStatistics) -> Calibration {
            guess(
                sampleCount: statistics.count, labelCount: statistics.labelCount, featureCount: statistics.featureCount)
        }
    }

    package let calibration: Calibration
    /// The discriminant as a head like any other.
    package let linear: LinearHead
    /// The score of images of none of the labels, where examples of such were taught: one row, which no answer counts in.
    package let background: LinearHead?
    /// `(μₗ − m)ᵀ · A⁻¹ · (μₗ − m)` of each of ``labels``. `[L]`
    let squaredLengths: [Float]

    /// - Parameter calibration: Where nil, ``Calibration/guess(sampleCount:labelCount:featureCount:)``.
    /// - Precondition: `statistics` have a sample.
    package init(_ statistics: LabelStatistics, calibration: Calibration? = nil) {
        let calibration = calibration ?? .guess(statistics)
        self.init(
            statistics, covariance: WithinCovariance(statistics, shrinkage: calibration.shrinkage),
            calibration: calibration)
    }

    /// - Parameter covariance: That of `statistics`.
    init(_ statistics: LabelStatistics, covariance: WithinCovariance, calibration: Calibration) {
        let order = statistics.featureCount
        let weights = covariance.discriminants(statistics)
        let ids = statistics.labelIDs
        var bias: [Float] = []
        var lengths: [Float] = []
        for label in ids.indices {
            var (length, offset) = (0.0, 0.0)
            for i in 0..<order {
                let weight = weights[label * order + i]
                length += weight * covariance.centredMeans[label * order + i]
                offset += weight * covariance.mean[i]
            }
            bias.append(Float(-0.5 * length - offset))
            lengths.append(Float(length))
        }
        func head(_ rows: Range<Int>) -> LinearHead {
            LinearHead(
                labels: Array(ids[rows]), featureCount: order,
                weights: weights[rows.lowerBound * order..<rows.upperBound * order].map(Float.init),
                bias: Array(bias[rows]), temperature: Float(calibration.temperature))
        }
        // The background has the lowest of all ids.
        let first = ids.first == LabelStatistics.background ? 1 : 0
        self.calibration = calibration
        linear = head(first..<ids.count)
        background = first == 1 ? head(0..<1) : nil
        squaredLengths = Array(lengths[first...])
    }

    /// Ids of the labels it knows, ascending. `[L]`
    package var labels: [Int64] { linear.labels }

    /// The probability of each of ``labels``. `[L]`
    package func probabilities(of features: some HeadInput) -> [Float] { linear.probabilities(of: features) }
}
