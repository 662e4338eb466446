import Foundation

/// Tells whether what answers now is worse than what answered before, from samples that both were asked about.
///
/// It is asked again after every sample, so an ordinary test at 95 % would call nearly every version worse in the end. This
/// one adds evidence up instead. Of the samples that only one of the two had right, each is a fair coin if the two are as
/// good; the evidence is how much likelier the coins are if the version before wins more often, whatever the odds, all odds
/// in its favour weighed alike:
///
///     e(lost, won) = ∫ p^lost (1 − p)^won dp / ½^(lost + won), the mean over ½ < p < 1
///
/// For equal versions that is never expected to grow, so the chance that it ever exceeds 1/α, however often one looks, is at
/// most α (Ville 1939; Ramdas et al. 2023, "Game-theoretic statistics and safe anytime-valid inference").
package struct ShadowTest: Sendable, Equatable {
    /// The fewest samples it says anything from.
    package var minimum = 30
    /// After so many samples the version has stood the test.
    package var limit = 500
    /// The fewest samples with which a label has a say of its own.
    package var labelMinimum = 20
    /// The chance that a version that is as good is ever called worse, over all samples and labels together.
    package var significance = 0.05

    package init() {}

    /// What came of the samples up to now.
    package enum Verdict: Sendable, Equatable {
        /// Too few, or no difference that chance does not explain.
        case open
        /// Enough without such a difference.
        case passed
        /// One sentence for people.
        case worse(String)
    }

    /// - Parameters:
    ///   - truth: The label of each sample, in the order they were taught.
    ///   - live: What the version that answers said of it before it was learned.
    ///   - shadow: The same of the version before that.
    ///   - names: Of every label that could have a say.
    /// - Precondition: the three are of one length.
    package func judge(truth: [Int64], live: [Int64], shadow: [Int64], names: [Int64: String]) -> Verdict {
        precondition(truth.count == live.count && truth.count == shadow.count)
        guard truth.count >= minimum else { return .open }
        var all = Pairs()
        var labels: [Int64: Pairs] = [:]
        for (i, label) in truth.enumerated() {
            all.add(live: live[i] == label, shadow: shadow[i] == label)
            labels[label, default: Pairs()].add(live: live[i] == label, shadow: shadow[i] == label)
        }
        // Half of the chance for all samples together, half for the labels, shared evenly.
        let threshold = 2 / significance
        // More samples of an easy label are no progress: the mean over labels must have fallen too.
        let balanced = labels.values.reduce(0) { $0 + Double($1.won - $1.lost) / Double($1.samples) }
        if all.evidence >= threshold && balanced < 0 { return .worse("of \(all.words)") }
        let fallen = labels.sorted { $0.key < $1.key }.filter {
            $0.value.samples >= labelMinimum && $0.value.evidence >= threshold * Double(max(names.count, 1))
        }
        if let worst = fallen.first {
            return .worse("with the label '\(names[worst.key] ?? "")', of \(worst.value.words)")
        }
        return truth.count >= limit ? .passed : .open
    }

    // MARK: -

    /// Samples by who was right.
    private struct Pairs {
        var samples = 0
        var both = 0
        /// Only the version before was right.
        var lost = 0
        /// Only the version that answers was right.
        var won = 0

        mutating func add(live: Bool, shadow: Bool) {
            samples += 1
            switch (live, shadow) {
            case (true, true): both += 1
            case (false, true): lost += 1
            case (true, false): won += 1
            case (false, false): break
            }
        }

        var evidence: Double { ShadowTest.evidence(lost: lost, won: won) }

        var words: String {
            "\(samples) newly taught samples it had \(both + won) right where the version before had \(both + lost)"
        }
    }

    /// How much likelier `lost` and `won` are if the version before wins more often than if the two are as good.
    ///
    /// The integral is that of a Beta distribution, which for whole numbers is a sum: with n = lost + won,
    /// e = Σ C(n + 1, k) over k ≤ lost, divided by (n + 1) C(n, lost).
    package static func evidence(lost: Int, won: Int) -> Double {
        let count = lost + won
        func logChoose(_ n: Int, _ k: Int) -> Double {
            lgamma(Double(n) + 1) - lgamma(Double(k) + 1) - lgamma(Double(n - k) + 1)
        }
        let scale = log(Double(count) + 1) + logChoose(count, lost)
        return (0...lost).reduce(0) { $0 + exp(logChoose(count + 1, $1) - scale) }
    }
}
