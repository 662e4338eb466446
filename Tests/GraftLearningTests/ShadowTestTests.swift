import Foundation
import GraftLearning
import Testing

@Suite struct ShadowTestTests {
    private static let names = Dictionary(uniqueKeysWithValues: (0..<10).map { (Int64($0), "label \($0)") })

    /// Samples of ten labels, each with an answer that is right with the chance that `accuracy` gives.
    private static func stream(
        _ count: Int, live: Double, shadow: Double, seed: UInt64
    ) -> (truth: [Int64], live: [Int64], shadow: [Int64]) {
        var generator = SeededGenerator(seed: seed)
        let truth = (0..<count).map { _ in Int64.random(in: 0..<10, using: &generator) }
        func answers(_ accuracy: Double) -> [Int64] {
            truth.map { Double.random(in: 0..<1, using: &generator) < accuracy ? $0 : ($0 + 1) % 10 }
        }
        return (truth, answers(live), answers(shadow))
    }

    /// The verdict after each sample, up to the first that is not open; and after how many samples that was.
    private static func watch(
        _ stream: (truth: [Int64], live: [Int64], shadow: [Int64])
    ) -> (verdict: ShadowTest.Verdict, samples: Int) {
        for count in 1...stream.truth.count {
            let verdict = ShadowTest().judge(
                truth: Array(stream.truth[..<count]), live: Array(stream.live[..<count]),
                shadow: Array(stream.shadow[..<count]), names: names)
            if verdict != .open { return (verdict, count) }
        }
        return (.open, stream.truth.count)
    }

    @Test(arguments: [(0, 0), (1, 0), (0, 1), (5, 3), (40, 20), (3, 30)])
    func evidenceIsTheIntegralThatItStandsFor(lost: Int, won: Int) {
        // Simpson's rule over ½…1, with the mean's factor 2; good to far more than 1e-9 for these powers.
        let steps = 20_000
        let sum = (0...steps).reduce(0.0) { sum, i in
            let p = 0.5 + 0.5 * Double(i) / Double(steps)
            let weight = i == 0 || i == steps ? 1.0 : i.isMultiple(of: 2) ? 2 : 4
            return sum + weight * pow(2 * p, Double(lost)) * pow(2 * (1 - p), Double(won))
        }
        let integral = 2 * sum * 0.5 / Double(steps) / 3
        #expect(abs(ShadowTest.evidence(lost: lost, won: won) / integral - 1) < 1e-9)
    }

    @Test func aVersionThatIsBrokenIsWorseAtTheFirstLook() {
        let found = Self.watch(Self.stream(100, live: 0.1, shadow: 0.8, seed: 1))
        guard case .worse(let words) = found.verdict else { return #expect(Bool(false), "\(found)") }
        #expect(found.samples == ShadowTest().minimum)
        #expect(words.hasPrefix("of 30 newly taught samples it had"))
    }

    @Test(arguments: 1...5 as ClosedRange<UInt64>)
    func aBetterVersionPasses(seed: UInt64) {
        let found = Self.watch(Self.stream(500, live: 0.8, shadow: 0.7, seed: seed))
        #expect(found.verdict == .passed && found.samples == 500)
    }

    @Test func anEqualVersionIsHardlyEverCalledWorseHoweverOftenOneLooks() {
        // 200 versions that answer a third of all samples otherwise, each looked at after every one of 200 samples: at most
        // the 5 % that the significance allows, and three standard deviations of 3.1. The ordinary test at 95 % would call
        // about a quarter of them worse.
        let alarms = (0..<200 as Range<UInt64>).count { seed in
            if case .worse = Self.watch(Self.stream(200, live: 0.8, shadow: 0.8, seed: seed)).verdict {
                true
            } else {
                false
            }
        }
        #expect(alarms <= 19)
    }

    @Test func oneLabelThatFellIsFoundUnderAGainElsewhere() {
        // Label 3 lost altogether, and one of every two others won: in sum a gain.
        let truth = (0..<300).map { Int64($0 % 10) }
        let verdict = ShadowTest().judge(
            truth: truth, live: truth.map { $0 == 3 ? 4 : $0 },
            shadow: truth.map { $0 == 3 || $0.isMultiple(of: 2) ? $0 : $0 + 1 }, names: Self.names)
        guard case .worse(let words) = verdict else { return #expect(Bool(false), "\(verdict)") }
        #expect(words.hasPrefix("with the label 'label 3', of 30 newly taught samples it had 0 right"))
    }

    @Test func aLossThatIsOnlyTheMixOfLabelsIsNone() {
        // Two labels of many samples lost, too few to have a say of their own, and four of one sample each won.
        let truth = [Int64](repeating: 0, count: 19) + [Int64](repeating: 1, count: 19) + (2..<6)
        let live = truth.map { $0 < 2 ? $0 + 1 : $0 }
        let shadow = truth.map { $0 < 2 ? $0 : 0 }
        #expect(ShadowTest.evidence(lost: 38, won: 4) > 1_000)
        #expect(ShadowTest().judge(truth: truth, live: live, shadow: shadow, names: Self.names) == .open)
    }
}
