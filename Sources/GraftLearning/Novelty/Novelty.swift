import Synchronization

/// The analytic head, and how unlike everything it has learned an image is.
///
/// The scale is made from a few hundred known samples, each judged as if it had not been learned, when it is first asked
/// for: some milliseconds at D = 1280 that a teach call does not wait for. It depends on the statistics and these samples alone.
package final class Novelty: Sendable {
    package let analytic: AnalyticHead
    private let score: NoveltyScore
    /// Ascending by id, the background among them.
    private let counts: [(label: Int64, samples: Int)]
    private let sketches: SketchIndex
    private let madeScale: Mutex<Scale>

    private enum Scale {
        case pending(WithinCovariance, [KnownSample])
        case made(NoveltyScale)
    }

    /// - Parameters:
    ///   - calibration: As for ``AnalyticHead``.
    ///   - known: Samples that novelty is measured against; without any it is 0 for every image.
    ///   - sketches: Of all samples, in the features that `statistics` are of.
    /// - Precondition: `statistics` have learned a sample of a label, and all of `known`.
    package init(
        _ statistics: LabelStatistics, calibration: AnalyticHead.Calibration?, known: [KnownSample],
        sketches: SketchIndex
    ) {
        let calibration = calibration ?? .guess(statistics)
        let covariance = WithinCovariance(statistics, shrinkage: calibration.shrinkage)
        analytic = AnalyticHead(statistics, covariance: covariance, calibration: calibration)
        score = NoveltyScore(temperature: Float(calibration.temperature))
        self.sketches = sketches
        counts = statistics.labelIDs.map { (label: $0, samples: statistics.labels[$0]!.count) }
        madeScale = Mutex(known.isEmpty ? .made(NoveltyScale([])) : .pending(covariance, known))
    }

    /// In `0..<1`: the fraction of known samples that are less novel; see ``NoveltyScale``.
    package func novelty(of features: some HeadInput) -> Float {
        scale.novelty(ofScore: score(of: features))
    }

    /// See ``NoveltyScore``.
    package func score(of features: some HeadInput) -> Float {
        score(
            logits: analytic.linear.logits(of: features), squaredLengths: analytic.squaredLengths,
            background: analytic.background?.logits(of: features)[0]
        ) { label in
            sketches.distance(ofNearestTo: FeatureSketch(features.kept), label: analytic.labels[label])
        }
    }

    /// Made by the first who asks; others wait for it.
    package var scale: NoveltyScale {
        madeScale.withLock { state in
            switch state {
            case .made(let scale): return scale
            case .pending(let covariance, let known):
                let scale = NoveltyScale(heldOutScores(known, covariance))
                state = .made(scale)
                return scale
            }
        }
    }

    /// The scores of known samples, as they were before any of them was learned.
    private func heldOutScores(_ known: [KnownSample], _ covariance: WithinCovariance) -> [Float] {
        // With one label there is nothing to be mistaken for, and the means of what is left may coincide.
        let hasBackground = analytic.background != nil
        guard analytic.labels.count > 1 || hasBackground else { return [] }
        let heldOut = LeaveOneOut(known, counts: counts, covariance: covariance)
        let count = counts.count
        // The background has the lowest of all ids.
        let first = hasBackground ? 1 : 0
        return heldOut.rows.indices.map { i in
            let logits = heldOut.logits[i * count..<(i + 1) * count]
            let lengths = heldOut.squaredLengths[i * count..<(i + 1) * count]
            let sample = known[heldOut.rows[i]]
            return score(
                logits: Array(logits.dropFirst(first)), squaredLengths: Array(lengths.dropFirst(first)),
                background: hasBackground ? logits.first : nil
            ) { label in
                let answered = analytic.labels[label]
                return sketches.distance(
                    ofNearestTo: FeatureSketch(sample.features), label: answered,
                    leavingOutItself: answered == sample.label)
            }
        }
    }
}
