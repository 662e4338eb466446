import Foundation

/// Decides whether a candidate may answer instead of the incumbent, both judged on the same samples.
///
/// It may unless it could well be worse: the paired 95 % lower bound of what it changes in balanced accuracy has to be above
/// −``tolerance``, and no label may have fallen by more than chance explains. So the burden is on the candidate: one that is
/// as good, but answers much otherwise on few samples, is kept back, and the reason says how many samples would tell. What it
/// answers better is never held against it: beside few samples a single gain widens the bound more than it lifts it, so the
/// bound of the losses alone, which the difference cannot be below, counts where it is the higher one.
package struct Gate: Sendable, Equatable {
    /// How much balanced accuracy a candidate may put at risk, as a fraction.
    package var tolerance = 0.01
    /// The fewest samples with which a label has a say of its own.
    package var labelMinimum = 20
    /// The chance to call a fall what is none, over all labels together.
    package var significance = 0.05
    /// One-sided 95 % of a normal distribution.
    private static let standardErrors = 1.6449

    package init() {}

    /// A label that the candidate answers worse than chance explains.
    package struct Fall: Codable, Sendable, Equatable {
        package var label: Int64
        package var samples: Int
        package var incumbentRecall: Double
        package var candidateRecall: Double
    }

    /// What the gate decided, and from what.
    package struct Verdict: Codable, Sendable, Equatable {
        package var publish: Bool
        package var samples: Int
        package var labels: Int
        package var incumbentBalancedAccuracy: Double
        package var candidateBalancedAccuracy: Double
        /// Candidate less incumbent.
        package var difference: Double
        /// Of the difference.
        package var standardError: Double
        /// What the difference exceeds with 95 % confidence.
        package var lowerBound: Double
        package var falls: [Fall]
        /// One sentence for people.
        package var reason: String
    }

    /// - Parameters:
    ///   - truth: The label of each sample.
    ///   - incumbent: What the one that answers now said of it, without having learned it.
    ///   - candidate: The same of the one that would replace it.
    /// - Precondition: the three are of one length.
    package func judge(truth: [Int64], incumbent: [Int64], candidate: [Int64]) -> Verdict {
        precondition(truth.count == incumbent.count && truth.count == candidate.count)
        let labels = pairs(truth: truth, incumbent: incumbent, candidate: candidate)
        guard !labels.isEmpty else {
            return Verdict(
                publish: false, samples: 0, labels: 0, incumbentBalancedAccuracy: 0, candidateBalancedAccuracy: 0,
                difference: 0, standardError: 0, lowerBound: 0, falls: [],
                reason: "kept back: there is no sample to judge it on")
        }
        let count = Double(labels.count)
        let before = labels.reduce(0) { $0 + $1.incumbentRecall } / count
        let after = labels.reduce(0) { $0 + $1.candidateRecall } / count
        let error = standardError(labels)
        let lowerBound = max(after - before - Self.standardErrors * error, lowerBoundOfLosses(labels))
        let falls = significantFalls(labels)
        let publish = lowerBound > -tolerance && falls.isEmpty
        var verdict = Verdict(
            publish: publish, samples: truth.count, labels: labels.count, incumbentBalancedAccuracy: before,
            candidateBalancedAccuracy: after, difference: after - before, standardError: error,
            lowerBound: lowerBound, falls: falls, reason: "")
        verdict.reason = reason(verdict)
        return verdict
    }

    // MARK: -

    /// One label's samples, by who was right.
    private struct Pairs {
        var label: Int64
        var samples = 0
        var both = 0
        var lost = 0
        var won = 0

        var incumbentRecall: Double { Double(both + lost) / Double(samples) }
        var candidateRecall: Double { Double(both + won) / Double(samples) }

        /// Σ (d − mean of d)² over its samples, with d = 1 where won, −1 where lost, else 0.
        var squares: Double {
            let difference = Double(won - lost)
            return Double(won + lost) - difference * difference / Double(samples)
        }
    }

    /// Ascending by label.
    private func pairs(truth: [Int64], incumbent: [Int64], candidate: [Int64]) -> [Pairs] {
        var pairs: [Int64: Pairs] = [:]
        for (i, label) in truth.enumerated() {
            pairs[label, default: Pairs(label: label)].samples += 1
            switch (incumbent[i] == label, candidate[i] == label) {
            case (true, true): pairs[label]!.both += 1
            case (true, false): pairs[label]!.lost += 1
            case (false, true): pairs[label]!.won += 1
            case (false, false): break
            }
        }
        return pairs.values.sorted { $0.label < $1.label }
    }

    /// Of the mean over labels of the mean difference of a label's samples: labels are fixed, samples are drawn.
    private func standardError(_ labels: [Pairs]) -> Double {
        // A label with one sample shows no variance of its own; it gets that of all others, or the largest there is.
        let repeated = labels.filter { $0.samples > 1 }
        let degrees = repeated.reduce(0) { $0 + $1.samples - 1 }
        let pooled = degrees > 0 ? repeated.reduce(0) { $0 + $1.squares } / Double(degrees) : 1
        let sum = labels.reduce(0) { sum, label in
            let variance = label.samples > 1 ? label.squares / Double(label.samples - 1) : pooled
            return sum + variance / Double(label.samples)
        }
        return sum.squareRoot() / Double(labels.count)
    }

    /// The lower bound if what was won had been a tie.
    private func lowerBoundOfLosses(_ labels: [Pairs]) -> Double {
        let lossesAlone = labels.map { label in
            var label = label
            (label.both, label.won) = (label.both + label.won, 0)
            return label
        }
        let lost = labels.reduce(0) { $0 + Double($1.lost) / Double($1.samples) } / Double(labels.count)
        return -lost - Self.standardErrors * standardError(lossesAlone)
    }

    /// McNemar's exact test, one-sided, of each label with enough samples; Bonferroni's correction over them.
    private func significantFalls(_ labels: [Pairs]) -> [Fall] {
        let tested = labels.filter { $0.samples >= labelMinimum }
        return
            tested
            .filter { chance(ofAtLeast: $0.lost, in: $0.lost + $0.won) < significance / Double(tested.count) }
            .map {
                Fall(
                    label: $0.label, samples: $0.samples, incumbentRecall: $0.incumbentRecall,
                    candidateRecall: $0.candidateRecall)
            }
    }

    /// The probability that of `count` fair coins at least `heads` show heads.
    private func chance(ofAtLeast heads: Int, in count: Int) -> Double {
        guard heads > 0 else { return 1 }
        func logFactorial(_ n: Int) -> Double { lgamma(Double(n) + 1) }
        return (heads...count).reduce(0) { sum, k in
            sum + exp(logFactorial(count) - logFactorial(k) - logFactorial(count - k) - Double(count) * log(2))
        }
    }

    private func reason(_ verdict: Verdict) -> String {
        func points(_ value: Double) -> String { String(format: "%+.1f", 100 * value) }
        let measured = String(
            format: "balanced accuracy %.1f %% instead of %.1f %% (%@ points, at least %@ with 95 %% confidence)",
            100 * verdict.candidateBalancedAccuracy, 100 * verdict.incumbentBalancedAccuracy,
            points(verdict.difference), points(verdict.lowerBound))
        if !(verdict.lowerBound > -tolerance) {
            let asked = "kept back: \(measured), where more than \(points(-tolerance)) is asked for"
            guard let enough = samplesToTell(verdict) else { return asked }
            return "\(asked): \(verdict.samples) samples cannot tell it from a worse one, about \(enough) could"
        }
        if let worst = verdict.falls.first {
            return String(
                format: "kept back: %d of %d labels fell, the first from %.1f %% to %.1f %% of its %d samples; %@",
                verdict.falls.count, verdict.labels, 100 * worst.incumbentRecall, 100 * worst.candidateRecall,
                worst.samples, measured)
        }
        return "published: \(measured)"
    }

    /// With how many samples like these the same difference would be let through; nil where it never would.
    ///
    /// The standard error goes down with the root of their number.
    private func samplesToTell(_ verdict: Verdict) -> Int? {
        let spare = verdict.difference + tolerance
        // Beyond a few per cent of the tolerance the estimate says nothing but "very many".
        guard spare > tolerance / 10 else { return nil }
        let factor = Self.standardErrors * verdict.standardError / spare
        let exact = Double(verdict.samples) * factor * factor
        // Two digits: it is an estimate.
        let unit = pow(10, (log10(exact) - 1).rounded(.down))
        return Int(max(1, unit) * (exact / max(1, unit)).rounded(.up))
    }
}
